"""The verbs that carry the configuration to another install, and their options."""
