"""The options with which the hub opens SQLite files."""

from __future__ import annotations

import sqlite3
from typing import Any

BUSY_TIMEOUT = 20
"""How many seconds a writer waits for another writer."""

# The versions that fix the WAL-reset bug, which can corrupt a database: https://sqlite.org/wal.html
FIXED = (3, 51, 3)
BACKPORTS = {(3, 44): 6, (3, 50): 7}


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Return whether this version of SQLite has the fix for the WAL-reset bug."""
    backport = BACKPORTS.get(version[:2])
    return version >= FIXED or (backport is not None and version[2] >= backport)


def journal_mode() -> str:
    """Return ``WAL`` if WAL mode is safe with Python's SQLite library. Otherwise return ``DELETE``."""
    return "WAL" if wal_is_safe(sqlite3.sqlite_version_info) else "DELETE"


def why() -> str:
    """Return a text that names the journal mode and the reason for this mode."""
    if wal_is_safe(sqlite3.sqlite_version_info):
        return "WAL, because this SQLite has the fix for the WAL-reset bug"
    fixed = [FIXED, *((*start, patch) for start, patch in BACKPORTS.items())]
    versions = ", ".join(".".join(map(str, version)) for version in sorted(fixed))
    return f"the rollback journal, because in WAL mode this SQLite can damage the file (fixed in {versions})"


def options() -> dict[str, Any]:
    """Return the ``OPTIONS`` for Django's ``DATABASES``.

    With these options, a writer waits for other writers. Each commit is written to the disk immediately.
    """
    return {
        "timeout": BUSY_TIMEOUT,
        "transaction_mode": "IMMEDIATE",
        "init_command": f"PRAGMA journal_mode={journal_mode()}; PRAGMA synchronous=FULL; "
        # A container may have no folder for temporary files.
        "PRAGMA temp_store=MEMORY;",
    }
