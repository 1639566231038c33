"""The SQL statements that a process builds once for its database."""

from __future__ import annotations

from config_app.encryption import key_tables
from config_app.store import statements

_ALL = (
    key_tables.everything,
    statements.everything,
    statements.everything_packed,
    statements.newest_refusals,
)


def build(alias: str) -> None:
    """Build the statements for the database that the alias leads to now."""
    for statement in _ALL:
        statement(alias)


def forget() -> None:
    """Forget all statements, because an alias leads to another kind of database."""
    for statement in _ALL:
        statement.cache_clear()
