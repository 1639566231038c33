"""What the process environment and ``.env`` say, and the one-time import of it."""
