"""How a process hears that the configuration tables changed, by kind of database."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from django.db import connection

from config_app.live import runtime
from config_app.models import ConfigState
from config_app.problems import Problem
from config_app.propagation.sqlite import SqliteSource
from config_app.store.failures import database_errors
from config_app.store.forking import no_fork, no_fork_meanwhile
from config_app.store.statements import STATE_ID

logger = logging.getLogger("config_app")

_hindrances: tuple[Problem, ...] = ()

POLL_INTERVAL = 1.0
"""Seconds between two looks at the version on databases that offer nothing better."""

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
        """Wait a while, at most so many seconds, without touching the database.

        Returns at once where ``stopping`` is set; a long wait also ends when it is set meanwhile.
        """

    def look(self) -> bool:
        """Tell whether the configuration may have changed; raise ``DatabaseUnavailable``."""

    def close(self) -> None:
        """Give up what the source holds."""


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
        from config_app.propagation.postgresql import BehindPooler, PostgresSource
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
    from config_app.propagation.postgresql import is_pooled

    return (POOLED,) if is_pooled() else ()
