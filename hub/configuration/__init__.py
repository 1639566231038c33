"""What the declarations in ``hub.runtime_config`` are made of: form fields, rules and summaries."""
