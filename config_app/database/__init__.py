"""Where the configuration is: the alias of its database, and the names of its tables."""

from __future__ import annotations

from config_app.database.place import MIGRATE, alias, atomic, connection, migrate_command, on_commit

__all__ = ["MIGRATE", "alias", "atomic", "connection", "migrate_command", "on_commit"]
