"""The database: where it is, how the hub opens it, and whether its schema is current."""
