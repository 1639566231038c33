"""``python -m bench``: measure what the hub's configuration costs, and compare it with other libraries."""
