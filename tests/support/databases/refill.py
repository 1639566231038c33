"""Empty the tables quickly after each test that commits, and fill those that Django fills.

After such a test, Django empties all tables and sends ``post_migrate``. Two receivers of this signal then
work out which content types and permissions there are. That takes longer than most tests, and each time they
find the same. On PostgreSQL, Django truncates the tables, and each table that is truncated gets a new file.
To delete their few rows is much quicker.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import AppConfig
from django.contrib.auth.management import create_permissions
from django.contrib.contenttypes.management import create_contenttypes
from django.core.management import sql
from django.core.management.commands import flush
from django.db import connections
from django.db.models.signals import post_migrate

TABLES = ("django_content_type", "auth_permission")
RECEIVERS = (
    (create_contenttypes, None),
    (create_permissions, "django.contrib.auth.management.create_permissions"),
)
"""The two receivers, each with the identifier under which its app has connected it."""
Rows = dict[str, list[tuple[Any, ...]]]

_rows: dict[str, Rows] = {}
"""The rows of both tables by the name of the database, as they are after its first flush."""


class _Receivers:
    """Takes the place of the two receivers, and calls them only if their rows are not there yet."""

    def __init__(self) -> None:
        self.has_rows = False
        for receiver, identifier in RECEIVERS:
            assert post_migrate.disconnect(receiver, dispatch_uid=identifier)
            post_migrate.connect(self._unless_there(receiver), dispatch_uid=identifier, weak=False)

    def _unless_there(self, receiver: Callable[..., None]) -> Callable[..., None]:
        def receive(app_config: AppConfig, **signal: Any) -> None:
            if not self.has_rows:
                receiver(app_config, **signal)

        return receive


def refill_quickly(put: Callable[[Any, str, Any], None]) -> None:
    """Let ``flush`` insert the rows that it found after the first flush; ``put`` replaces what it calls."""
    receivers = _Receivers()

    def emit_quickly(verbosity: int, interactive: bool, db: str, **options: Any) -> None:
        name = str(connections[db].settings_dict["NAME"])
        receivers.has_rows = name in _rows
        try:
            if receivers.has_rows:
                _insert(db, _rows[name])
            sql.emit_post_migrate_signal(verbosity, interactive, db, **options)
        finally:
            receivers.has_rows = False
        if name not in _rows:
            _rows[name] = _read(db)

    put(flush, "emit_post_migrate_signal", emit_quickly)
    put(flush, "sql_flush", _sql_flush)


def _sql_flush(style: Any, connection: Any, *, reset_sequences: bool, allow_cascade: bool) -> list[str]:
    """Return the statements that empty all tables."""
    if connection.vendor != "postgresql" or reset_sequences:
        return sql.sql_flush(style, connection, reset_sequences, allow_cascade)
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    # No trigger may fire, neither ours nor those that check foreign keys, as if the tables were truncated.
    quiet = "SET LOCAL session_replication_role = replica"
    return [quiet, *(f"DELETE FROM {connection.ops.quote_name(table)}" for table in tables)]  # noqa: S608


def _read(db: str) -> Rows:
    found: Rows = {}
    with connections[db].cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - one of ours
            found[table] = cursor.fetchall()
    return found


def _insert(db: str, rows: Rows) -> None:
    with connections[db].cursor() as cursor:
        for table, found in rows.items():
            row = ", ".join(["%s"] * len(found[0]))
            values = ", ".join([f"({row})"] * len(found))
            flat = [value for columns in found for value in columns]
            cursor.execute(f"INSERT INTO {table} VALUES {values}", flat)  # noqa: S608 - one of ours
