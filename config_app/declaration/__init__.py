"""How a project declares its settings, and what config_app derives from each declaration."""
