"""Facts about the hub's database beyond those of every database: its schema and SQLite's journal (R2)."""

from __future__ import annotations

import sqlite3

from django.db import connection

from config_app.presentation.overview import Overview
from config_app.problems import Finding, Problem
from hub import sqlite
from hub.database import migration

IN_MEMORY = {"memory", "off"}
"""Journals with which a hub that is killed may leave a damaged file."""
SYNCHRONOUS = ("OFF", "NORMAL", "FULL", "EXTRA")
FULL = 2


def migrations(_overview: Overview) -> Finding:
    """The schema is that of this version; raises ``NewerSchema``."""
    if not migration.pending():
        return Finding("all are applied")
    pending = Problem(
        code="migrations_pending",
        message="the database was made by an earlier version, and not every migration is applied",
        fix="run manage.py bootstrap or manage.py serve, which makes a backup first",
        severity="error",
    )
    return Finding("some are pending", (pending,))


def journal(_overview: Overview) -> Finding:
    """What was committed has reached the disk, and this SQLite can be trusted with its journal."""
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
    can = "this SQLite can damage a file with it" if mode == "wal" else "a crash can damage the file"
    return Problem(
        code="journal_unsafe",
        message=f"journal mode {mode.upper()} is in use, expected {sqlite.journal_mode()}: {can}",
        fix="stop every other program that has the file open, then restart the hub",
        severity="error",
    )


def _of_synchronous(level: int) -> Problem:
    return Problem(
        code="synchronous_low",
        message=f"synchronous is {SYNCHRONOUS[level]}, expected FULL: a power cut can undo a change",
        fix="leave OPTIONS of the database as hub.settings has them",
        severity="error",
    )
