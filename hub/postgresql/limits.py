"""How long the queries of this process wait for PostgreSQL, and how many of them may wait.

If a program locks a table, every page that needs this table waits. Without limits, the waiting pages would
take all connections of the server, and no other page and no command would get a connection.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, cast

from django.db import connection, connections

from config_app.database.patience import describe_silence

SOON = 0.5
"""A query that has been silent for this many seconds counts as waiting."""
MOST_WAITING = 8
"""In a worker, at most this many queries may wait. If one more query has to wait, the hub gives it up.

If the worker has a pool, waiting queries may use at most half of its connections. The other half is for
other requests.
"""
LARGEST_POOL = 16
"""The largest pool, if the hub chooses its size. More connections would not make a worker faster."""
SMALLEST_POOL = 2
POOLS_OF_MACHINE = 40
"""The pools of all workers of one machine have at most about this many connections together.

By default, PostgreSQL allows 100 connections. Each process needs one more connection to listen for changes.
"""
MORE = 2.0
"""The hub gives a query up this many seconds after PostgreSQL should have ended it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """The time limits of the queries of a process, in seconds.

    ``lock`` limits the wait for a lock, and ``statement`` a whole statement. 0 means no limit.
    """

    lock: float
    statement: float

    def parameters(self) -> list[tuple[str, str]]:
        """Return the names and values of PostgreSQL's parameters."""
        limits = {"lock_timeout": self.lock, "statement_timeout": self.statement}
        return [(name, f"{round(1000 * seconds)}") for name, seconds in limits.items()]


OF_COMMANDS = Limits(lock=10.0, statement=0.0)
"""A migration, a backup or a restore may need hours for a statement, but it must not queue for a lock.

While it queued for a lock on a table, all pages that need this table would queue behind it.
"""
OF_WORKERS = Limits(lock=3.0, statement=6.0)

_of_process = OF_COMMANDS
_pool_size = 0
_room = threading.Semaphore(MOST_WAITING)
_is_long: ContextVar[bool] = ContextVar("hub_postgresql_is_long", default=False)


def become_worker(workers: int) -> None:
    """Limit the queries and the pool of this process, which is now one of ``workers`` workers."""
    global _of_process, _pool_size, _room  # noqa: PLW0603 - a process becomes a worker once
    _of_process, _pool_size = OF_WORKERS, pool_size_of(workers)
    _room = threading.Semaphore(min(MOST_WAITING, _pool_size // 2 or 1) if _pool_size else MOST_WAITING)


def pool_size_of(workers: int) -> int:
    """Return how many connections the pool of one worker may have if a machine has ``workers`` workers."""
    option: int = connection.settings_dict["OPTIONS"].get("pool", 0)
    if option is not True:
        return option
    return max(SMALLEST_POOL, min(LARGEST_POOL, POOLS_OF_MACHINE // workers))


def current() -> Limits:
    """Return the limits for the queries of this process."""
    return _of_process


def pool_size() -> int:
    """Return how many connections the pool of this process may have. Return 0 if there is no pool."""
    return _pool_size


def close_connections() -> None:
    """Close the connections of this thread and the pool of this process, because the process ends."""
    connections.close_all()
    if connection.vendor == "postgresql":
        cast(Any, connection).close_pool()


class WorkerPatience:
    """Gives up a query of a worker if the server is silent for too long, or if too many queries wait."""

    def __init__(self) -> None:
        self._is_counted = False
        self.longest = OF_WORKERS.statement + MORE

    def reason_to_give_up(self, silence: float) -> str:
        """Return a reason to give the query up. Return an empty text if the query should wait."""
        if _is_long.get():
            return ""
        if silence >= self.longest:
            return describe_silence(self.longest)
        if silence >= SOON and not self._is_counted:
            self._is_counted = _room.acquire(blocking=False)
            if not self._is_counted:
                return "too many other queries of this worker wait for the database already"
        return ""

    def end(self) -> None:
        """Make room for another query that waits."""
        if self._is_counted:
            self._is_counted = False
            _room.release()


@contextlib.contextmanager
def long_statements() -> Iterator[None]:
    """In this block, which must be in a transaction, statements may take as long as they need."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
    token = _is_long.set(True)
    try:
        yield
    finally:
        _is_long.reset(token)
