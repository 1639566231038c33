"""How a process learns that the configuration tables changed, for each kind of database."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from django.db import connections

from config_app.database import connection
from config_app.live import freshness
from config_app.models import ConfigState
from config_app.problems import Problem
from config_app.propagation.sqlite import SqliteSource
from config_app.store.failures import database_errors
from config_app.store.forking import no_fork, no_fork_meanwhile
from config_app.store.process import process
from config_app.store.statements import STATE_ID

logger = logging.getLogger("config_app")


class _Hindrances:
    """The problems that make this process notice changes late."""

    found: tuple[Problem, ...] = ()

    def reset(self) -> None:
        self.found = ()


_hindrances = process.keep(_Hindrances())

POLL_INTERVAL = 1.0
"""Seconds between two reads of the version, for databases without notifications."""

POOLED = Problem(
    code="behind_pooler",
    message=f"a connection pooler hides notifications, so processes poll every {POLL_INTERVAL:.0f} s",
    fix="connect directly to the database server, so that changes take effect at once",
)


class ChangeSource(Protocol):
    """Waits for commits to the configuration tables.

    A reported change is only a hint. The caller must load the tables to find out what has changed.

    During some calls, a database library holds a lock. A child that is forked during such a call could never
    get the lock. So the source holds ``no_fork`` during these calls.
    """

    def wait(self, stopping: threading.Event, at_most: float = math.inf) -> None:
        """Wait for a change, at most ``at_most`` seconds, without a query.

        If ``stopping`` is set before the call, return immediately. If ``stopping`` is set during the wait,
        return soon.
        """

    def look(self) -> bool:
        """Return whether the configuration may have changed.

        Raise ``DatabaseUnavailable`` if the database cannot be read.
        """

    def close(self) -> None:
        """Close the connections of the source."""


class PollingSource:
    """A change source that reads the version at intervals, for databases without notifications."""

    def __init__(self) -> None:
        """Connect and remember the current version; raise ``DatabaseUnavailable`` if that fails."""
        connect()
        self._version = self._read_version()

    @no_fork_meanwhile
    def _read_version(self) -> int:
        with database_errors():
            rows = ConfigState.objects.filter(pk=STATE_ID)
            return rows.values_list("version", flat=True).first() or 0

    def wait(self, stopping: threading.Event, at_most: float = math.inf) -> None:
        """Wait until the next read is due, at most ``at_most`` seconds."""
        stopping.wait(min(POLL_INTERVAL, at_most))

    def look(self) -> bool:
        """Return whether the version has changed; raise ``DatabaseUnavailable`` if it cannot be read."""
        version = self._read_version()
        changed, self._version = version != self._version, version
        if not changed:
            freshness.confirm_current()
        return changed

    def close(self) -> None:
        """Do nothing, because this source has no connection of its own."""


@contextlib.contextmanager
def using_database(using: str | None = None) -> Iterator[None]:
    """Connect to the database ``using``, and prevent forks during the block.

    Without ``using``, connect to the database of the configuration. While another thread could fork, run
    queries only within this block. Raise ``DatabaseUnavailable`` if the connection fails.
    """
    connect(using)  # before the lock, so that a fork never waits for a server that does not answer
    with no_fork:  # otherwise, a forked child would inherit SQLite's locks as held for ever
        yield


def connect(using: str | None = None) -> None:
    """Connect to the database, unless it is an SQLite file; raise ``DatabaseUnavailable`` if that fails."""
    wanted = connection() if using is None else connections[using]
    if wanted.vendor != "sqlite":
        with database_errors():
            wanted.ensure_connection()


def open_source() -> ChangeSource:
    """Return a change source for the configuration; raise ``DatabaseUnavailable`` if that fails."""
    _hindrances.reset()
    name = str(connection().settings_dict["NAME"])
    if connection().vendor == "sqlite" and Path(name).is_absolute():
        return SqliteSource(Path(name))
    if connection().vendor == "postgresql":
        return _listen_or_poll()
    return PollingSource()


def _listen_or_poll() -> ChangeSource:
    with no_fork:  # a child forked during an import would keep a half-loaded module
        from config_app.propagation.postgresql import BehindPooler, PostgresSource
    try:
        return PostgresSource()
    except BehindPooler:
        logger.warning("%s", POOLED)
        _hindrances.found = (POOLED,)
        return PollingSource()


def hindrances() -> tuple[Problem, ...]:
    """Return the known problems that make this process notice changes late. This sends no query."""
    return _hindrances.found


def find_hindrances() -> tuple[Problem, ...]:
    """Query the database and return the problems that make processes notice changes late."""
    if connection().vendor != "postgresql":
        return ()
    from config_app.propagation.postgresql import is_pooled

    return (POOLED,) if is_pooled() else ()
