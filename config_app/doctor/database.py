"""Checks of the database: its kind and version, its integrity, its triggers and its notifications."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from django.db import DEFAULT_DB_ALIAS, DatabaseError

from config_app import store
from config_app.database import alias, atomic, connection, migrate_command
from config_app.presentation.overview import Overview
from config_app.problems import Check, Finding, Problem
from config_app.propagation.sources import POOLED
from config_app.store import state_row, triggers
from config_app.store.failures import database_errors

MOST_FINDINGS = 3
"""The maximum number of lines that the doctor repeats from SQLite's integrity check."""
SOUND = "ok"
"""The answer of SQLite's integrity check for an undamaged file."""
UNHEARD = Problem(
    code="notifications_hidden",
    message="a test notification did not arrive, so processes notice changes only after some seconds",
    fix="look in the database server's log for the reason why NOTIFY is not delivered",
)


def checks() -> Iterator[Check]:
    """Yield the checks for this kind of database."""
    yield database
    if connection().vendor == "sqlite":
        yield integrity
    yield direct_writes
    if connection().vendor == "postgresql":
        yield notifications


def database(_overview: Overview) -> Finding:
    """Report the kind, the version, the name and the server of the database."""
    version = ".".join(map(str, connection().get_database_version()))
    name = "" if alias() == DEFAULT_DB_ALIAS else f", alias {alias()}"
    return Finding(f"{connection().display_name} {version}, {_place()}{name}")


def _place() -> str:
    """Return the name of the database with host and port, but without user and password."""
    name, host, port = (str(connection().settings_dict[key]) for key in ("NAME", "HOST", "PORT"))
    return f"{name} at {':'.join(filter(None, (host, port)))}" if host else name


def integrity(_overview: Overview) -> Finding:
    """Check that SQLite finds no damage in the database file."""
    found = _quick_check()
    if found == [SOUND]:
        return Finding("quick_check finds no damage")
    damage = Problem(
        code="damaged",
        message=f"the database file is damaged: {'; '.join(found)}",
        fix="stop the service, then restore the database from a backup",
        severity="error",
    )
    return Finding("quick_check finds damage", (damage,))


def _quick_check() -> list[str]:
    """Return the lines of SQLite's integrity check, or SQLite's error if the damage prevents the check."""
    try:
        with connection().cursor() as cursor:
            cursor.execute(f"PRAGMA quick_check({MOST_FINDINGS})")
            return [" ".join(str(line).split()) for (line,) in cursor.fetchall()]
    except DatabaseError as error:
        if "malformed" not in str(error):
            raise
        return [str(error)]


def direct_writes(_overview: Overview) -> Finding:
    """Check that the database accepts writes, and that its triggers notice writes with raw SQL.

    Raise ``DatabaseUnavailable`` if the database refuses writes.
    """
    counted, silent = _counts_direct_writes(), _sends_no_notification()
    if connection().vendor not in triggers.STATEMENTS:
        name = connection().display_name
        return Finding(f"no triggers for {name}, so changes with raw SQL are noticed only within a minute")
    if not state_row.exists():
        return Finding("the triggers cannot count writes", (_uncounted(),))
    if counted and not silent:
        return Finding("the triggers count every write, raw SQL included")
    table = triggers.ROWS if not counted else triggers.STATE
    missing = Problem(
        code="triggers_missing",
        message=f"a trigger on {table} is missing or disabled, so changes with raw SQL are noticed late",
        fix=f"run {migrate_command()}, which restores the triggers",
        severity="error",
    )
    verb = "report" if counted else "count"
    return Finding(f"the triggers do not {verb} writes with raw SQL", (missing,))


def _uncounted() -> Problem:
    return Problem(
        code="state_missing",
        message=f"the only row of {triggers.STATE} is missing, so the triggers cannot count writes",
        fix=f"run {migrate_command()}, which restores this row",
        severity="error",
    )


def _sends_no_notification() -> bool:
    """Return whether PostgreSQL's trigger that notifies the processes is missing or disabled."""
    if connection().vendor != "postgresql":
        return False
    with connection().cursor() as cursor:
        cursor.execute(
            "SELECT tgenabled FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = %s",
            [triggers.STATE, triggers.NOTIFIES],
        )
        return cursor.fetchone() not in {("O",), ("A",)}


def _counts_direct_writes() -> bool:
    """Return whether each raw INSERT, UPDATE and DELETE changes the version of the configuration.

    The statements run in a transaction that is rolled back.
    """
    key = f"doctor-{secrets.token_hex(8)}"
    statements = (
        f"INSERT INTO {triggers.ROWS} (config_key) VALUES (%s)",  # noqa: S608 - our own table
        f"UPDATE {triggers.ROWS} SET config_value = 'x' WHERE config_key = %s",  # noqa: S608
        f"DELETE FROM {triggers.ROWS} WHERE config_key = %s",  # noqa: S608
    )
    with database_errors(), atomic():
        counted = [_is_counted(statement, key) for statement in statements]
        connection().set_rollback(True)
    return all(counted)


def _is_counted(statement: str, key: str) -> bool:
    before = store.version()
    with connection().cursor() as cursor:
        cursor.execute(statement, [key])
    return store.version() != before


def notifications(_overview: Overview) -> Finding:
    """Check that a connection to PostgreSQL receives notifications of changes."""
    from config_app.propagation.postgresql import BehindPooler, PostgresSource, hears_notifications

    try:
        PostgresSource().close()
        if hears_notifications():
            return Finding("LISTEN receives notifications")
        return Finding("LISTEN receives no notifications", (UNHEARD,))
    except BehindPooler:
        return Finding("LISTEN receives no notifications", (POOLED,))
