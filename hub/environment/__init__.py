"""The process environment and ``.env``: reading them, and importing them once."""
