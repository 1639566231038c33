"""Run raw SQL in this process's test database, as a database client does."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
from django.db import connection


@contextlib.contextmanager
def client() -> Iterator[Any]:
    """Give a cursor of a new connection that does not belong to Django; commit afterwards."""
    entry = connection.settings_dict
    own: Any
    if connection.vendor == "sqlite":
        own = sqlite3.connect(entry["NAME"], timeout=10)
    else:
        own = psycopg.connect(
            host=entry["HOST"], port=entry["PORT"], user=entry["USER"], dbname=entry["NAME"]
        )
    with contextlib.closing(own):
        yield own.cursor()
        own.commit()


def raw_sql(script: str) -> None:
    """Run statements without the store, on a connection of their own."""
    with client() as cursor:
        getattr(cursor, "executescript", cursor.execute)(script)


def rows(query: str, *values: object) -> list[tuple[object, ...]]:
    """Return the rows that a query finds."""
    with client() as cursor:
        cursor.execute(_marked(query), values)
        return list(cursor.fetchall())


def _marked(query: str) -> str:
    """Return a query with the placeholders that this database uses for values."""
    return query if connection.vendor == "sqlite" else query.replace("?", "%s")


def set_row(key: str, value: str | bytes, *, is_secret: bool = False) -> None:
    """Write one row of the configuration."""
    set_rows([(key, value, is_secret)])


def set_rows(rows: Iterable[tuple[str, str | bytes, bool]]) -> None:
    """Write rows of the configuration in one transaction: the key, the value, and whether it is a secret."""
    insert = "INSERT INTO system_config (config_key, config_value, is_secret) VALUES (?, ?, ?)"
    with client() as cursor:
        for row in rows:
            cursor.execute(_marked("DELETE FROM system_config WHERE config_key = ?"), row[:1])
            cursor.execute(_marked(insert), row)


def value_of(key: str) -> object:
    """Return the value in the row of a setting; ``None`` if there is no row."""
    found = rows("SELECT config_value FROM system_config WHERE config_key = ?", key)
    return found[0][0] if found else None
