"""Raw SQL in this process's test database, as somebody with a database client writes it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any

import psycopg
from django.db import connection


@contextlib.contextmanager
def client() -> Iterator[Any]:
    """Give a cursor of a connection of its own, past Django, and commit."""
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
    """Run statements past the store, on a connection of their own."""
    with client() as cursor:
        getattr(cursor, "executescript", cursor.execute)(script)


def rows(query: str, *values: object) -> list[tuple[object, ...]]:
    """Return what a query finds."""
    with client() as cursor:
        cursor.execute(_marked(query), values)
        return list(cursor.fetchall())


def _marked(query: str) -> str:
    """Return a query with the marks that the database has for values."""
    return query if connection.vendor == "sqlite" else query.replace("?", "%s")


def set_row(key: str, value: str | bytes, *, is_secret: bool = False) -> None:
    """Write one row of the configuration."""
    insert = "INSERT INTO system_config (config_key, config_value, is_secret) VALUES (?, ?, ?)"
    with client() as cursor:
        cursor.execute(_marked("DELETE FROM system_config WHERE config_key = ?"), (key,))
        cursor.execute(_marked(insert), (key, value, is_secret))


def value_of(key: str) -> object:
    """Return what the row of a setting holds; ``None`` where there is no row."""
    found = rows("SELECT config_value FROM system_config WHERE config_key = ?", key)
    return found[0][0] if found else None
