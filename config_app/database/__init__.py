"""The database that holds the configuration, and the names of config_app's tables."""

from __future__ import annotations

from config_app.database.place import MIGRATE, alias, atomic, connection, migrate_command, on_commit

__all__ = ["MIGRATE", "alias", "atomic", "connection", "migrate_command", "on_commit"]
