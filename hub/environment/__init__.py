"""Read the process environment and ``.env``, and import their settings once."""
