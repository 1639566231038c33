"""How Hub opens SQLite files."""

from __future__ import annotations

import sqlite3
from typing import Any

BUSY_TIMEOUT = 20
"""Seconds that a writer waits for another one."""

# Where the WAL-reset bug, which can corrupt a database, is fixed: https://sqlite.org/wal.html
FIXED = (3, 51, 3)
BACKPORTS = {(3, 44): 6, (3, 50): 7}


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Tell whether an SQLite version has the fix for the WAL-reset bug (requirement R2)."""
    backport = BACKPORTS.get(version[:2])
    return version >= FIXED or (backport is not None and version[2] >= backport)


def journal_mode() -> str:
    """Return the journal mode for the SQLite that Python was built with."""
    return "WAL" if wal_is_safe(sqlite3.sqlite_version_info) else "DELETE"


def why() -> str:
    """Return why the journal mode is what it is, for a person."""
    if wal_is_safe(sqlite3.sqlite_version_info):
        return "WAL, as this SQLite has the fix of the WAL-reset bug"
    fixed = [FIXED, *((*start, patch) for start, patch in BACKPORTS.items())]
    versions = ", ".join(".".join(map(str, version)) for version in sorted(fixed))
    return f"the rollback journal, as in WAL mode this SQLite can damage the file (fixed in {versions})"


def options() -> dict[str, Any]:
    """Return the OPTIONS of the database: writers queue, and a commit has reached the disk."""
    return {
        "timeout": BUSY_TIMEOUT,
        "transaction_mode": "IMMEDIATE",
        "init_command": f"PRAGMA journal_mode={journal_mode()}; PRAGMA synchronous=FULL;",
    }
