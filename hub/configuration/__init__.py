"""The parts of the declarations in ``hub.runtime_config``: form fields, rules and summaries."""
