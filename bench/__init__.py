"""``python -m bench``: what the hub's configuration costs, beside other libraries in the same run."""
