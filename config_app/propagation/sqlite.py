"""How a process hears of changes in an SQLite file: it looks at the file many times a second."""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
import threading
import time
from pathlib import Path

from config_app.errors import DatabaseUnavailable
from config_app.live import runtime
from config_app.store.forking import no_fork_meanwhile
from config_app.store.statements import VERSION

INTERVAL = 0.065
"""Seconds between two looks."""
COARSEST_CLOCK = 2.0
"""Seconds within which a file system may give two commits one time (FAT's two are the most there are)."""
OFTEN = 2
"""Looks in a row that found a commit, from which on a file counts as written all the time."""
BLINDLY = 0.25
"""Seconds for which such a file is only read: meanwhile it may be moved away without anybody noticing."""
LOOK_ANYWAY = 1.0
"""Seconds after which the database itself is looked at, whatever the file looks like from outside."""
UNKNOWN = -1
"""What no ``data_version`` is."""
VERSIONS = f"SELECT ({VERSION}), data_version FROM pragma_data_version"  # noqa: S608 - our own table
BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class SqliteSource:
    """Looks at ``data_version`` on a connection of its own, which every commit by another one moves.

    Such a look takes and gives back locks on the file. So one that was left alone for a while is looked at
    from outside only, but for once a second; and one to which others commit all the time, mostly from inside.

    A file that somebody wrote over in place, ``cp backup.db app.db``, may count as many commits as the one
    it replaces, and SQLite would go on with the pages it has cached. But then the file's time has moved and
    the counter has not, which no commit leaves behind.
    """

    @no_fork_meanwhile
    def __init__(self, path: Path) -> None:
        """Open the database file read-only; raise ``DatabaseUnavailable``."""
        self._path = path
        self._opened = self._status()
        self._seen: os.stat_result | None = None  # belongs to _data_version, where it is known
        self._data_version = UNKNOWN  # or a commit since `stat` would look like none
        self._moves, self._moved_at, self._rests_until = 0, time.monotonic(), 0.0
        try:
            self._connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, check_same_thread=False)
            self._version, _ = self._read()
            self._connection.execute("PRAGMA busy_timeout = 0")  # there is another look soon
        except sqlite3.Error as error:
            raise DatabaseUnavailable(str(error)) from error

    def _status(self) -> os.stat_result:
        self._status_at = time.monotonic()
        try:
            return self._path.stat()
        except OSError as error:
            raise DatabaseUnavailable(f"{self._path}: {error.strerror}") from error

    def _read(self) -> tuple[int, int]:
        """Return the version and the data version, under one lock."""
        version, data_version = self._connection.execute(VERSIONS).fetchone()
        return version or 0, data_version

    def wait(self, stopping: threading.Event, at_most: float = math.inf) -> None:
        """Wait to the end of the interval: to listen for ``stopping`` as well would cost as much again."""
        if not stopping.is_set():
            time.sleep(min(INTERVAL, at_most))

    @no_fork_meanwhile
    def look(self) -> bool:
        """Tell whether the version moved; sessions and the like move ``data_version`` but not it."""
        try:
            return self._look_blindly() if self._is_busy() else self._look()
        except sqlite3.Error as error:
            if _primary_code(error) not in BUSY:
                raise DatabaseUnavailable(str(error)) from error
            self._data_version = UNKNOWN  # somebody is committing right now, so look again
            return False

    def _is_busy(self) -> bool:
        return self._moves >= OFTEN and time.monotonic() - self._status_at < BLINDLY

    def _look_blindly(self) -> bool:
        row = self._connection.execute(VERSION).fetchone()
        return self._has_moved(row[0] if row else 0)

    def _has_moved(self, version: int) -> bool:
        changed, self._version = version != self._version, version
        return changed

    def _look(self) -> bool:
        status = self._status()
        if not os.path.samestat(status, self._opened):
            raise DatabaseUnavailable(f"{self._path} was replaced", "reopening it")
        has_moved = not self._is_at_rest(status) and self._version_moved(status)
        if not has_moved:
            runtime.confirm_current()
        return has_moved

    def _is_at_rest(self, status: os.stat_result) -> bool:
        return time.monotonic() < self._rests_until and self._is_seen(status)

    def _is_seen(self, status: os.stat_result) -> bool:
        return self._seen is not None and _content(status) == _content(self._seen)

    def _version_moved(self, status: os.stat_result) -> bool:
        version, data_version = self._read()
        if data_version != self._data_version:
            self._note_commit(status)
        else:
            self._note_rest(status)
        self._data_version = data_version
        return self._has_moved(version)

    def _note_commit(self, status: os.stat_result) -> None:
        """Remember how the file looked, unless something was written meanwhile: whose would that be?"""
        self._moves += 1
        self._moved_at, self._rests_until = time.monotonic(), 0.0
        self._seen = status if _content(status) == _content(self._status()) else None

    def _note_rest(self, status: os.stat_result) -> None:
        """Compare how the file looked between two looks with no commit in between.

        With a write-ahead log, commits leave the file alone for a while, and checkpoints write it.
        """
        self._moves = 0
        if self._has_write_ahead_log():
            return
        if self._seen is not None and not self._is_seen(status):
            raise DatabaseUnavailable(f"{self._path} was written over", "reopening it")
        self._seen, now = status, time.monotonic()
        if now - self._moved_at > COARSEST_CLOCK:
            self._rests_until = now + LOOK_ANYWAY

    def _has_write_ahead_log(self) -> bool:
        return bool(self._connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal")

    @no_fork_meanwhile
    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()


def _content(status: os.stat_result) -> tuple[int, int]:
    """Return what moves when the file is written."""
    return status.st_mtime_ns, status.st_size


def _primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's result code without its extension; 0 where the error is Python's own."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
