"""Raw SQL in this process's test database, as somebody with a database client writes it."""

from __future__ import annotations

import contextlib
import sqlite3

from django.db import connection


def raw_sql(script: str) -> None:
    """Run statements past the store, on a connection of their own."""
    with contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=10)) as client:
        client.executescript(script)
        client.commit()


def rows(query: str, *values: object) -> list[tuple[object, ...]]:
    """Return what a query finds."""
    with contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=10)) as client:
        return client.execute(query, values).fetchall()


def set_row(key: str, value: str | bytes, *, is_secret: bool = False) -> None:
    """Write one row of the configuration."""
    with contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=10)) as client:
        client.execute(
            "REPLACE INTO system_config (config_key, config_value, is_secret) VALUES (?, ?, ?)",
            (key, value, is_secret),
        )
        client.commit()


def value_of(key: str) -> object:
    """Return what the row of a setting holds; ``None`` where there is no row."""
    found = rows("SELECT config_value FROM system_config WHERE config_key = ?", key)
    return found[0][0] if found else None
