"""How a process hears that the configuration tables changed, by kind of database."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from django.db import connection

from config_app import runtime
from config_app.errors import DatabaseUnavailable
from config_app.faults import database_errors
from config_app.forking import no_fork, no_fork_meanwhile
from config_app.models import ConfigState
from config_app.project import Problem
from config_app.statements import STATE_ID

logger = logging.getLogger("config_app")

_hindrances: tuple[Problem, ...] = ()

SQLITE_INTERVAL = 0.065
"""Seconds between two looks at an SQLite file."""
COARSEST_CLOCK = 2.0
"""Seconds within which a file system may give two commits one time (FAT's two are the most there are)."""
OFTEN = 2
"""Looks in a row that found a commit, from which on a file counts as written all the time."""
BLINDLY = 0.25
"""Seconds for which such a file is only read: meanwhile it may be moved away without anybody noticing."""
LOOK_ANYWAY = 1.0
"""Seconds after which the database itself is looked at, whatever the file looks like from outside."""
POLL_INTERVAL = 1.0
"""Seconds between two looks at the version on databases that offer nothing better."""
UNKNOWN = -1
"""What no ``data_version`` is."""
STATE = ConfigState._meta.db_table
VERSIONS = f"SELECT (SELECT version FROM {STATE} WHERE id = ?), data_version FROM pragma_data_version"  # noqa: S608 - our own table
BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


POOLED = Problem(
    code="behind_pooler",
    message=f"a connection pooler hides notifications, so changes are polled for every {POLL_INTERVAL:.0f} s",
    fix="connect to the database server itself to have them in force at once",
)


class ChangeSource(Protocol):
    """Waits for commits. What it says is a hint: the reader loads and compares.

    Holds back forks itself while it is where a lock of a library could stay closed in a child.
    """

    def wait(self, stopping: threading.Event, at_most: float = math.inf) -> None:
        """Wait a while, at most so many seconds, or until ``stopping``, without touching the database."""

    def look(self) -> bool:
        """Tell whether the configuration may have changed; raise ``DatabaseUnavailable``."""

    def close(self) -> None:
        """Give up what the source holds."""


class SqliteSource:
    """Looks at ``data_version`` on a connection of its own, which every commit by another one moves.

    Such a look takes and gives back locks on the file. So one that was left alone for a while is looked at
    from outside only, but for once a second; and one to which others commit all the time, mostly from inside.

    A file that somebody wrote over in place, ``cp backup.db hub.db``, may count as many commits as the one
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
        row = self._connection.execute(VERSIONS, (STATE_ID,)).fetchone()
        return row[0] or 0, row[1]

    def wait(self, stopping: threading.Event, at_most: float = math.inf) -> None:
        """Wait for the interval."""
        stopping.wait(min(SQLITE_INTERVAL, at_most))

    @no_fork_meanwhile
    def look(self) -> bool:
        """Tell whether the version moved; sessions and the like move ``data_version`` but not it."""
        status = None if self._is_busy() else self._status()
        if status and not os.path.samestat(status, self._opened):
            raise DatabaseUnavailable(f"{self._path} was replaced", "reopening it")
        try:
            has_moved = not self._is_at_rest(status) and self._version_moved(status)
        except sqlite3.Error as error:
            if _primary_code(error) not in BUSY:
                raise DatabaseUnavailable(str(error)) from error
            self._data_version = UNKNOWN  # somebody is committing right now, so look again
            return False
        if status is not None and not has_moved:
            runtime.confirm_current()
        return has_moved

    def _is_busy(self) -> bool:
        return self._moves >= OFTEN and time.monotonic() - self._status_at < BLINDLY

    def _is_at_rest(self, status: os.stat_result | None) -> bool:
        return time.monotonic() < self._rests_until and status is not None and self._is_seen(status)

    def _is_seen(self, status: os.stat_result) -> bool:
        return self._seen is not None and _content(status) == _content(self._seen)

    def _version_moved(self, status: os.stat_result | None) -> bool:
        version, data_version = self._read()
        if data_version != self._data_version:
            self._note_commit(status)
        else:
            self._note_rest(status)
        changed = version != self._version
        self._version, self._data_version = version, data_version
        return changed

    def _note_commit(self, status: os.stat_result | None) -> None:
        """Remember how the file looked, unless something was written meanwhile: whose would that be?"""
        self._moves += 1
        self._moved_at, self._rests_until = time.monotonic(), 0.0
        is_known = status is not None and _content(status) == _content(self._status())
        self._seen = status if is_known else None

    def _note_rest(self, status: os.stat_result | None) -> None:
        """Compare how the file looked between two looks with no commit in between.

        With a write-ahead log, commits leave the file alone for a while, and checkpoints write it.
        """
        if status is None:
            return
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


class PollingSource:
    """Reads the version row now and then: for databases that neither notify nor count commits."""

    def __init__(self) -> None:
        """Remember the version at the start."""
        connect()
        self._version = self._read_version()

    @no_fork_meanwhile
    def _read_version(self) -> int:
        with database_errors():
            rows = ConfigState.objects.filter(pk=STATE_ID)
            return rows.values_list("version", flat=True).first() or 0

    def wait(self, stopping: threading.Event, at_most: float = math.inf) -> None:
        """Wait for the interval."""
        stopping.wait(min(POLL_INTERVAL, at_most))

    def look(self) -> bool:
        """Tell whether the version moved."""
        version = self._read_version()
        changed, self._version = version != self._version, version
        if not changed:
            runtime.confirm_current()
        return changed

    def close(self) -> None:
        """Hold nothing, so close nothing."""


@contextlib.contextmanager
def using_database() -> Iterator[None]:
    """Connect, then hold back forks for the block: for threads of processes that fork, hooks included.

    To a child that was forked meanwhile, SQLite's locks of that moment would look held for ever. A server
    that does not answer holds up nobody, because forks wait for what is asked but not for the connection.
    """
    connect()
    with no_fork:
        yield


def connect() -> None:
    """Connect to a server."""
    if connection.vendor != "sqlite":
        with database_errors():
            connection.ensure_connection()


def open_source() -> ChangeSource:
    """Return what fits the default database."""
    global _hindrances  # noqa: PLW0603 - what this process has to report
    _hindrances = ()
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and Path(name).is_absolute():
        return SqliteSource(Path(name))
    if connection.vendor == "postgresql":
        return _listen_or_poll()
    return PollingSource()


def _listen_or_poll() -> ChangeSource:
    global _hindrances  # noqa: PLW0603
    with no_fork:  # a child that is forked during an import has half of a module for ever
        from config_app.postgresql import BehindPooler, PostgresSource
    try:
        return PostgresSource()
    except BehindPooler:
        logger.warning("%s", POOLED)
        _hindrances = (POOLED,)
        return PollingSource()


def hindrances() -> tuple[Problem, ...]:
    """Return what this process found to keep it from hearing of changes at once; asks no database."""
    return _hindrances


def find_hindrances() -> tuple[Problem, ...]:
    """Return what keeps a process that connects as this one does from hearing of changes at once."""
    if connection.vendor != "postgresql":
        return ()
    from config_app.postgresql import is_pooled

    return (POOLED,) if is_pooled() else ()
