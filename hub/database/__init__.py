"""Where the database is, how it is opened, and whether its schema is current."""
