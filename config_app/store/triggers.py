"""Database triggers that increase the version on each write to ``system_config``, even by raw SQL.

The triggers are created after every ``migrate``, because a migration can remove them. To alter a table on
SQLite, Django makes a new table, and deletes the old table with its triggers.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.utils import CursorWrapper

from config_app.database import alias, atomic, connection
from config_app.database.names import prefixed
from config_app.models import ConfigState, Revision, SystemConfig
from config_app.store import state_row

CHANNEL = prefixed("config_app")
"""The channel on which PostgreSQL sends a notification for each commit that changed the version."""
ROWS, STATE = SystemConfig._meta.db_table, ConfigState._meta.db_table
"""``ROWS`` is the table whose writes are counted. ``STATE`` is the table that contains the count."""
NOTIFIES = prefixed("config_state_notifies")
"""The trigger that sends the notifications on PostgreSQL."""
TABLES = {ROWS, STATE, Revision._meta.db_table}
"""The tables that must exist before the triggers can be created."""

_BUMP, _NOTIFY = prefixed("config_state_bump"), prefixed("config_state_notify")

_SQLITE = f"""
CREATE TRIGGER IF NOT EXISTS {ROWS}_{{event}}_bumps AFTER {{event}} ON {ROWS}
BEGIN UPDATE {STATE} SET version = version + 1; END
"""  # noqa: S608 - our own tables
SQLITE = [_SQLITE.format(event=event) for event in ("insert", "update", "delete")]

# The trigger runs before the statement. So raw SQL first takes the writers' lock, as the store does.
# Therefore raw SQL and the store cannot deadlock.
POSTGRESQL = [
    f"""
    CREATE OR REPLACE FUNCTION {_BUMP}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE {STATE} SET version = version + 1;
        RETURN NULL;
    END $$
    """,  # noqa: S608 - our own table
    f"""
    CREATE OR REPLACE FUNCTION {_NOTIFY}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('{CHANNEL}', '');
        RETURN NULL;
    END $$
    """,
    f"""
    CREATE OR REPLACE TRIGGER {NOTIFIES} AFTER UPDATE ON {STATE}
    FOR EACH ROW WHEN (OLD.version IS DISTINCT FROM NEW.version) EXECUTE FUNCTION {_NOTIFY}()
    """,
    f"""
    CREATE OR REPLACE TRIGGER {ROWS}_bumps BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON {ROWS} FOR EACH STATEMENT EXECUTE FUNCTION {_BUMP}()
    """,
]

STATEMENTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL}


def install(using: str, **_signal: Any) -> None:
    """Create the triggers, and the row that they update, if they are missing.

    A trigger that was disabled or replaced is created again. Do nothing if ``using`` is not the database of
    the configuration, or if this database does not have all ``TABLES`` yet.
    """
    if using != alias() or not set(connection().introspection.table_names()) >= TABLES:
        return
    state_row.create()
    vendor = connection().vendor
    with atomic(), connection().cursor() as cursor:
        present = _present(cursor) if vendor == "sqlite" else ()
        for statement in STATEMENTS.get(vendor, []):
            if statement not in present:
                cursor.execute(statement)


def _present(cursor: CursorWrapper) -> list[str]:
    """Return the statements in ``SQLITE`` that need not run, because their triggers exist already.

    If a trigger exists but was made by a different statement, drop the trigger.
    """
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
