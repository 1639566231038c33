"""Checks of the hub's database: its migrations and, for SQLite, its journal."""

from __future__ import annotations

import sqlite3

from django.db import connection

from config_app.presentation.overview import Overview
from config_app.problems import Finding, Problem
from hub import sqlite
from hub.database import migration

IN_MEMORY = {"memory", "off"}
"""The journal modes in which a crash of the hub can damage the database file."""
SYNCHRONOUS = ("OFF", "NORMAL", "FULL", "EXTRA")
FULL = 2


def migrations(_overview: Overview) -> Finding:
    """Check that all migrations are applied.

    Raise ``NewerSchema`` if a later version of the hub has migrated the database.
    """
    if not migration.pending():
        return Finding("all migrations are applied")
    pending = Problem(
        code="migrations_pending",
        message="an earlier version made the database, and some migrations are not applied yet",
        fix="run manage.py bootstrap or manage.py serve; both make a backup first",
        severity="error",
    )
    return Finding("some migrations are pending", (pending,))


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
