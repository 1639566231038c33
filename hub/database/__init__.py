"""The database: where it is, how the hub connects to it, and whether its schema is current."""
