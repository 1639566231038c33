"""The address at which people reach the hub, and whether a request arrived there."""
