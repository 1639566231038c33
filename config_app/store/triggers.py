"""Database triggers that increase the version on each write to ``system_config``, also by raw SQL.

They are created after every ``migrate``, not by a migration. To alter a table on SQLite, Django makes a new
table and deletes the old table with its triggers.
"""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.db.backends.utils import CursorWrapper
from django.db.transaction import atomic

from config_app.store import state_row

CHANNEL = "config_app"
"""The channel on which PostgreSQL sends a notification for each commit that changed the version."""

TABLES = {"system_config", "config_state", "config_revision"}
"""The tables that must exist before the triggers can be created."""

_SQLITE = """
CREATE TRIGGER IF NOT EXISTS system_config_{event}_bumps AFTER {event} ON system_config
BEGIN UPDATE config_state SET version = version + 1; END
"""
SQLITE = [_SQLITE.format(event=event) for event in ("insert", "update", "delete")]

# The trigger runs before the statement. So raw SQL first takes the writers' lock, as the store does.
# Therefore raw SQL and the store cannot deadlock.
POSTGRESQL = [
    """
    CREATE OR REPLACE FUNCTION config_state_bump() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE config_state SET version = version + 1;
        RETURN NULL;
    END $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION config_state_notify() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('{CHANNEL}', '');
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER config_state_notifies AFTER UPDATE ON config_state
    FOR EACH ROW WHEN (OLD.version IS DISTINCT FROM NEW.version) EXECUTE FUNCTION config_state_notify()
    """,
    """
    CREATE OR REPLACE TRIGGER system_config_bumps BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON system_config FOR EACH STATEMENT EXECUTE FUNCTION config_state_bump()
    """,
]

STATEMENTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL}


def install(using: str, **_signal: Any) -> None:
    """Create the triggers in the database ``using``, and the row that they update, if they are missing.

    A trigger that was disabled or replaced is created again.
    """
    connection = connections[using]
    if not set(connection.introspection.table_names()) >= TABLES:
        return
    state_row.create(using)
    with atomic(using), connection.cursor() as cursor:
        present = _present(cursor) if connection.vendor == "sqlite" else ()
        for statement in STATEMENTS.get(connection.vendor, []):
            if statement not in present:
                cursor.execute(statement)


def _present(cursor: CursorWrapper) -> list[str]:
    """Return the statements of our triggers that exist on SQLite. Drop triggers that were replaced."""
    cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    found = dict(cursor.fetchall())
    present = []
    for statement in SQLITE:
        text = statement.strip().replace("IF NOT EXISTS ", "")
        name = text.split()[2]
        if found.get(name) == text:
            present.append(statement)
        elif name in found:
            cursor.execute(f"DROP TRIGGER {name}")
    return present
