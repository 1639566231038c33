"""Backups of the whole hub: its configuration, history and accounts, for either database."""
