"""Back up and restore the whole hub: its configuration, history and accounts, on SQLite or PostgreSQL."""
