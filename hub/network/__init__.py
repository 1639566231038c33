"""Under which address people reach the hub, and whether a request came in that way."""
