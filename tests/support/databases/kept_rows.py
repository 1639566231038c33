"""Insert the rows that a function has once inserted into an empty database, instead of calling it again.

Bringing an install up and claiming it take longer than most of the tests that need this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.apps import apps
from django.conf import settings
from django.core.management.color import no_style
from django.db import connection, transaction

from tests.support.databases.refill import TABLES

Rows = dict[str, list[tuple[Any, ...]]]
Found = TypeVar("Found")
LAST = "config_state"
"""Triggers of other tables change the row of this table, so it is inserted last."""

_kept: dict[tuple[Any, ...], tuple[Rows, object]] = {}


def insert_once(name: str, insert: Callable[[], Found]) -> Found:
    """Call ``insert`` if it was not called under this ``name`` with this database and these keys.

    Otherwise empty all tables that it filled, and insert the rows that it has left there. Return what the
    call of ``insert`` has returned.
    """
    key = (name, connection.vendor, connection.settings_dict["NAME"], *_keys())
    if key in _kept:
        rows, found = _kept[key]
        _put_back(rows)
        return cast("Found", found)
    before = _read()
    found = insert()
    filled = {table: rows for table, rows in _read().items() if rows != before.get(table)}
    _kept[name, connection.vendor, connection.settings_dict["NAME"], *_keys()] = filled, found
    return found


def _keys() -> tuple[Any, ...]:
    """Return the keys that this process has; only these keys can decrypt the secrets in the rows."""
    instance = settings.INSTANCE
    shared = instance.encryption_key.reveal() if instance.encryption_key else None
    machine = instance.key_file.read_bytes() if instance.key_file.exists() else None
    return shared, machine, instance.first_start


def _read() -> Rows:
    found: Rows = {}
    with connection.cursor() as cursor:
        for table in _tables():
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - one of ours
            if rows := cursor.fetchall():
                found[table] = rows
    return found


def _tables() -> list[str]:
    models = [m for m in apps.get_models(include_auto_created=True) if m._meta.managed and not m._meta.proxy]
    names = {m._meta.db_table for m in models} & set(connection.introspection.table_names())
    return sorted(names - set(TABLES), key=lambda name: (name == LAST, name))


def _put_back(rows: Rows) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for table in rows:
            cursor.execute(f'DELETE FROM "{table}"')  # noqa: S608 - one of ours
        for table, found in rows.items():
            if table == LAST:
                cursor.execute(f'DELETE FROM "{table}"')  # noqa: S608 - one of ours
            places = ", ".join(["%s"] * len(found[0]))
            cursor.executemany(f'INSERT INTO "{table}" VALUES ({places})', found)  # noqa: S608 - one of ours
        models = [model for model in apps.get_models() if model._meta.db_table in rows]
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
