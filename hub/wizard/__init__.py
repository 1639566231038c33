"""The hub's side of the setup wizard: the steps, and the hub's implementation of ``Product``."""
