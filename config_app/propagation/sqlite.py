"""How a process learns of changes in an SQLite file: it checks the file many times a second."""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
import threading
import time
from pathlib import Path

from config_app.errors import DatabaseUnavailable
from config_app.live import freshness
from config_app.store.forking import no_fork_meanwhile
from config_app.store.statements import VERSION

INTERVAL = 0.065
"""Seconds between two checks of the file."""
COARSEST_CLOCK = 2.0
"""Two commits within this many seconds can give the file the same time, for example on a FAT disk."""
BUSY_AFTER = 2
"""If this many checks in a row have each found a new commit, the file counts as busy."""
STATUS_INTERVAL = 0.25
"""While the file is busy, one check in this many seconds also finds out whether the file was replaced.

All other checks of a busy file only read the version."""
IDLE_READ_INTERVAL = 1.0
"""Seconds between two reads of an idle file. The checks in between only look at its time and size."""
UNKNOWN = -1
"""A number that is never a ``data_version``."""
VERSIONS = f"SELECT ({VERSION}), data_version FROM pragma_data_version"  # noqa: S608 - our own table
BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class SqliteSource:
    """A change source that notices commits to an SQLite file through ``data_version``.

    Every commit of another connection changes ``data_version``. But a read of ``data_version`` locks the file
    for a moment. So while the file is idle, the source mostly checks only the time and size of the file.
    While the file is busy, the source mostly reads only the version.

    A person can overwrite the file, for example with ``cp backup.db app.db``. Then ``data_version`` can stay
    the same, and SQLite would continue with its cached pages. The source recognises an overwritten file: the
    time of the file has changed, but ``data_version`` has not. A commit always changes both.
    """

    @no_fork_meanwhile
    def __init__(self, path: Path) -> None:
        """Open the database file; raise ``DatabaseUnavailable`` if that fails."""
        self._path = path
        self._opened = self._status()
        self._seen: os.stat_result | None = None  # the file's status when _data_version was read, if known
        self._data_version = UNKNOWN  # unknown, so that a commit after the call of `stat` is noticed
        self._commits_in_a_row, self._moved_at, self._rests_until = 0, time.monotonic(), 0.0
        try:
            # A reader that cannot write could not undo the commit of a process that was killed.
            self._connection = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, check_same_thread=False)
            self._version, _ = self._read()
            self._connection.execute("PRAGMA busy_timeout = 0")  # the next check follows soon
        except sqlite3.Error as error:
            raise DatabaseUnavailable(str(error)) from error

    def _status(self) -> os.stat_result:
        self._status_at = time.monotonic()
        try:
            return self._path.stat()
        except OSError as error:
            raise DatabaseUnavailable(f"{self._path}: {error.strerror}") from error

    def _read(self) -> tuple[int, int]:
        """Return the version and ``data_version``, both read under one lock."""
        version, data_version = self._connection.execute(VERSIONS).fetchone()
        return version or 0, data_version

    def wait(self, stopping: threading.Event, at_most: float = math.inf) -> None:
        """Wait until the next call of ``look`` is due, at most ``at_most`` seconds.

        Return immediately if ``stopping`` is set before the call.
        """
        if not stopping.is_set():  # waiting for the event instead would double the cost
            time.sleep(min(INTERVAL, at_most))

    @no_fork_meanwhile
    def look(self) -> bool:
        """Return whether the version has changed; raise ``DatabaseUnavailable`` if it cannot be read."""
        try:
            return self._look_at_version_only() if self._is_busy() else self._look()
        except sqlite3.Error as error:
            if _primary_code(error) not in BUSY:
                raise DatabaseUnavailable(str(error)) from error
            self._data_version = UNKNOWN  # another process is committing, so read again next time
            return False

    def _is_busy(self) -> bool:
        return self._commits_in_a_row >= BUSY_AFTER and time.monotonic() - self._status_at < STATUS_INTERVAL

    def _look_at_version_only(self) -> bool:
        row = self._connection.execute(VERSION).fetchone()
        return self._has_moved(row[0] if row else 0)

    def _has_moved(self, version: int) -> bool:
        changed, self._version = version != self._version, version
        return changed

    def _look(self) -> bool:
        status = self._status()
        if not os.path.samestat(status, self._opened):
            raise DatabaseUnavailable(f"{self._path} was replaced", "the new file is opened automatically")
        has_moved = not self._is_at_rest(status) and self._version_moved(status)
        if not has_moved:
            freshness.confirm_current()
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
        """Remember the status of the file after a commit.

        If the file was written again meanwhile, remember that the status is not known.
        """
        self._commits_in_a_row += 1
        self._moved_at, self._rests_until = time.monotonic(), 0.0
        # A later write may belong to another commit.
        self._seen = status if _content(status) == _content(self._status()) else None

    def _note_rest(self, status: os.stat_result) -> None:
        """Remember the status of the file after a check that found no commit.

        Raise ``DatabaseUnavailable`` if the status has changed, because then the file was overwritten.
        """
        self._commits_in_a_row = 0
        # With a write-ahead log, the file changes at checkpoints and not at commits.
        if self._has_write_ahead_log():
            return
        if self._seen is not None and not self._is_seen(status):
            raise DatabaseUnavailable(f"{self._path} was overwritten", "the file is reopened automatically")
        self._seen, now = status, time.monotonic()
        if now - self._moved_at > COARSEST_CLOCK:
            self._rests_until = now + IDLE_READ_INTERVAL

    def _has_write_ahead_log(self) -> bool:
        return bool(self._connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal")

    @no_fork_meanwhile
    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()


def _content(status: os.stat_result) -> tuple[int, int]:
    """Return the time and the size of a file; a write to the file changes at least one of the two."""
    return status.st_mtime_ns, status.st_size


def _primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, or 0 if the error comes from Python."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
