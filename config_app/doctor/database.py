"""Facts about the database itself: which it is, whether it is sound, and whether it tells of changes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from django.db import DatabaseError, connection, transaction

from config_app import store
from config_app.presentation.overview import Overview
from config_app.problems import Check, Finding, Problem
from config_app.propagation.sources import POOLED
from config_app.store import triggers
from config_app.store.failures import database_errors

MOST_FINDINGS = 3
"""Lines of an integrity check that are repeated."""
SOUND = "ok"
"""What SQLite says of a file that is."""
UNHEARD = Problem(
    code="notifications_hidden",
    message="a notification did not arrive, so changes are noticed only by a look now and then",
    fix="look in the server's log for what keeps NOTIFY from being delivered",
)


def checks() -> Iterator[Check]:
    """Yield the checks that this kind of database can be asked."""
    yield database
    if connection.vendor == "sqlite":
        yield integrity
    yield direct_writes
    if connection.vendor == "postgresql":
        yield notifications


def database(_overview: Overview) -> Finding:
    """It is there, it is of this kind and version, and this is where."""
    version = ".".join(map(str, connection.get_database_version()))
    return Finding(f"{connection.display_name} {version}, {_place()}")


def _place() -> str:
    """Return where the database is, without user or password."""
    name, host, port = (str(connection.settings_dict[key]) for key in ("NAME", "HOST", "PORT"))
    return f"{name} at {':'.join(filter(None, (host, port)))}" if host else name


def integrity(_overview: Overview) -> Finding:
    """SQLite finds no damage in its file."""
    found = _quick_check()
    if found == [SOUND]:
        return Finding("quick_check finds no damage")
    damage = Problem(
        code="damaged",
        message=f"the database file is damaged: {'; '.join(found)}",
        fix="stop the service, then restore it from a backup",
        severity="error",
    )
    return Finding("quick_check finds damage", (damage,))


def _quick_check() -> list[str]:
    """Return what SQLite finds; where the damage keeps it from looking, that it is there."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA quick_check({MOST_FINDINGS})")
            return [" ".join(str(line).split()) for (line,) in cursor.fetchall()]
    except DatabaseError as error:
        if "malformed" not in str(error):
            raise
        return [str(error)]


def direct_writes(_overview: Overview) -> Finding:
    """A write can be made, and one past the store is counted, so that every process hears of it.

    Tried with a row that is taken back at once; raises ``DatabaseUnavailable`` where nothing can be written.
    """
    counted = _counts_direct_writes()
    if connection.vendor not in triggers.STATEMENTS:
        return Finding(f"{connection.display_name} counts none: SQL is noticed only when all is read again")
    if counted:
        return Finding("the triggers count every write, raw SQL included")
    missing = Problem(
        code="triggers_missing",
        message="a trigger on system_config is missing or switched off, so a change in SQL goes unnoticed",
        fix="run manage.py migrate, which puts the triggers in place",
        severity="error",
    )
    return Finding("raw SQL is not counted", (missing,))


def _counts_direct_writes() -> bool:
    """Tell whether inserting, changing and removing a row past the store each moves the version."""
    key = f"doctor-{secrets.token_hex(8)}"
    statements = (
        "INSERT INTO system_config (config_key) VALUES (%s)",
        "UPDATE system_config SET config_value = 'x' WHERE config_key = %s",
        "DELETE FROM system_config WHERE config_key = %s",
    )
    with database_errors(), transaction.atomic():
        counted = [_is_counted(statement, key) for statement in statements]
        transaction.set_rollback(True)
    return all(counted)


def _is_counted(statement: str, key: str) -> bool:
    before = store.version()
    with connection.cursor() as cursor:
        cursor.execute(statement, [key])
    return store.version() != before


def notifications(_overview: Overview) -> Finding:
    """PostgreSQL tells a listening connection of a change within moments."""
    from config_app.propagation.postgresql import BehindPooler, PostgresSource, hears_notifications

    try:
        PostgresSource().close()
        if hears_notifications():
            return Finding("LISTEN hears NOTIFY")
        return Finding("LISTEN hears nothing", (UNHEARD,))
    except BehindPooler:
        return Finding("LISTEN hears nothing", (POOLED,))
