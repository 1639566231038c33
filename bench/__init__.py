"""``python -m bench``: measure how fast the hub's configuration is, and compare it with other libraries."""
