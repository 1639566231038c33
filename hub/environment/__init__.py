"""Read the process environment and ``.env``, and import settings from them once."""
