"""Find out at which address people reach the hub, and whether a request arrived at this address."""
