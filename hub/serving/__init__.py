"""Serving HTTP: gunicorn's master and workers, and the address on which the hub listens."""
