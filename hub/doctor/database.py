"""Checks of the hub's database: its migrations, the locks of other programs and, for SQLite, its journal."""

from __future__ import annotations

import sqlite3
from collections import Counter

from django.db import connection

from config_app.presentation.overview import Overview
from config_app.problems import Finding, Problem
from config_app.propagation import receipts
from hub import sqlite
from hub.database import migration
from hub.postgresql import limits

HELD_LOCKS = """
SELECT pid, coalesce(nullif(application_name, ''), 'an unnamed program'),
       round(extract(epoch FROM now() - xact_start)), string_agg(DISTINCT relation::regclass::text, ', ')
FROM pg_stat_activity JOIN pg_locks USING (pid) JOIN pg_class ON relation = pg_class.oid
WHERE datname = current_database() AND pid <> pg_backend_pid() AND relkind = 'r' AND granted
  AND mode <> 'AccessShareLock' AND xact_start < now() - interval '3 seconds'
GROUP BY pid, application_name, xact_start ORDER BY xact_start
"""
"""The transactions that began more than three seconds ago and hold locks that can stop other queries."""
ALLOWED = """
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
"""
SPARE = 10
"""This many connections are for commands, or are reserved by PostgreSQL."""
IN_MEMORY = {"memory", "off"}
"""The journal modes in which a crash of the hub can damage the database file."""
SYNCHRONOUS = ("OFF", "NORMAL", "FULL", "EXTRA")
FULL = 2


def migrations(_overview: Overview) -> Finding:
    """Check that all migrations are applied.

    Raise ``NewerSchema`` if a later version of the hub has migrated the database, and this version cannot go
    on.
    """
    if not migration.pending():
        if newer := migration.newer_schema():
            return Finding("a newer version has applied its migrations too", newer)
        return Finding("all migrations are applied")
    pending = Problem(
        code="migrations_pending",
        message="an earlier version made the database, and some migrations are not applied yet",
        fix="run manage.py bootstrap or manage.py serve; both make a backup first",
        severity="error",
    )
    return Finding("some migrations are pending", (pending,))


def locks() -> Finding:
    """Check that no other program has held a lock on a table of a PostgreSQL database for long."""
    with connection.cursor() as cursor:
        cursor.execute(HELD_LOCKS)
        found = cursor.fetchall()
    if not found:
        return Finding("no program has held a lock for long")
    return Finding("a program has held a lock for long", tuple(_of_lock(*row) for row in found))


def _of_lock(pid: int, program: str, seconds: float, tables: str) -> Problem:
    return Problem(
        code="lock_held",
        message=f"{program} (PostgreSQL's process {pid}) has held a lock on {tables} for {seconds:.0f} s",
        fix=f"wait until it is done, or end it with SELECT pg_terminate_backend({pid})",
    )


def connections(_overview: Overview) -> Finding:
    """Check that PostgreSQL allows as many connections as the running hubs may open together."""
    from config_app.propagation.postgresql import is_pooled  # needs the driver for PostgreSQL

    if is_pooled():
        return Finding("a connection pooler decides how many connections PostgreSQL has")
    with connection.cursor() as cursor:
        cursor.execute(ALLOWED)
        (allowed,) = cursor.fetchone()
    processes = list(receipts.running())
    workers = Counter(process.machine for process in processes if process.role == "worker")
    pools = sum(count * limits.pool_size_of(count) for count in workers.values())
    needed = pools + len(processes)  # each process also listens for changes
    found = f"the hubs that run now may open {needed} connections, and PostgreSQL allows {allowed}"
    return Finding(found, (_of_connections(found, needed),) if needed > allowed else ())


def _of_connections(found: str, needed: int) -> Problem:
    return Problem(
        code="too_few_connections",
        message=found,
        fix=f"set max_connections to {needed + SPARE} in postgresql.conf, or a smaller pool=N in the URL",
    )


def journal(_overview: Overview) -> Finding:
    """Check that SQLite writes each commit to the disk, and that a crash cannot damage the database file."""
    mode, level = _pragma("journal_mode"), int(_pragma("synchronous"))
    text = f"SQLite {sqlite3.sqlite_version}, journal {mode.upper()}, synchronous {SYNCHRONOUS[level]}"
    problems = [_of_journal(mode)] if _is_unsafe(mode) else []
    problems += [_of_synchronous(level)] if level < FULL else []
    return Finding(f"{text}: {sqlite.why()}", tuple(problems))


def _pragma(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        return str(cursor.fetchone()[0])


def _is_unsafe(mode: str) -> bool:
    return mode in IN_MEMORY or (mode == "wal" and sqlite.journal_mode() != "WAL")


def _of_journal(mode: str) -> Problem:
    used, wanted = mode.upper(), sqlite.journal_mode()
    cause = "this version of SQLite has a bug that" if used == "WAL" else "a crash"
    return Problem(
        code="journal_unsafe",
        message=f"journal mode {used} is in use, expected {wanted}: {cause} can damage the file",
        fix="stop every other program that has the file open, then restart the hub",
        severity="error",
    )


def _of_synchronous(level: int) -> Problem:
    return Problem(
        code="synchronous_low",
        message=f"synchronous is {SYNCHRONOUS[level]}, expected FULL: a power failure can undo a change",
        fix="undo the change of the database's OPTIONS in hub.settings",
        severity="error",
    )
