"""The pool of connections to PostgreSQL that the requests of one worker share.

To open a connection takes several round trips to the server. Without the pool, each request would open one.
"""

from __future__ import annotations

import select
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

WAIT = 5.0
"""A request waits at most this many seconds for a connection of the pool."""
MOST_REQUESTS = 200
"""At most this many requests of a worker wait for a connection of the pool."""
IDLE = 3.0
"""The pool checks its connections at intervals of this many seconds.

If some connections were not needed during the interval, the pool closes one of them.
"""


class NoConnectionLeft(psycopg.OperationalError):
    """All connections of the pool are in use."""

    sqlstate = "53300"  # too_many_connections, as when the server itself has no connection left


class Pool(ConnectionPool[psycopg.Connection[Any]]):
    """psycopg's pool. If the server cannot be reached, requests fail at once, with the reason."""

    _failure: psycopg.Error | None = None

    def _connect(self, timeout: float | None = None) -> psycopg.Connection[Any]:
        try:
            return super()._connect(timeout)
        except psycopg.Error as error:
            self._failure = error
            raise

    def reconnect_failed(self) -> None:
        """If the pool has no connection left, fail all waiting requests with the reason."""
        # psycopg's pool would let the requests wait, and then say only that they have waited.
        with self._lock:
            if self._nconns > 0:
                return
            waiting = list(self._waiting)
            self._waiting.clear()
        for request in waiting:
            request.fail(psycopg.OperationalError(str(self._failure)))

    def getconn(self, timeout: float | None = None) -> psycopg.Connection[Any]:
        """Return a connection that works.

        Raise ``NoConnectionLeft`` if all connections are in use for too long, or if too many requests wait.
        """
        try:
            while not is_alive(connection := super().getconn(timeout)):
                connection.close()
                self.putconn(connection)
        except TooManyRequests:
            raise NoConnectionLeft(f"{MOST_REQUESTS} requests of this worker wait for a connection") from None
        except PoolTimeout:
            count = f"all {self.max_size} database connections of this worker"
            raise NoConnectionLeft(f"{count} have been in use for {WAIT:g} seconds") from None
        return connection


def is_alive(connection: psycopg.Connection[Any]) -> bool:
    """Return whether the server still answers on an idle connection. Usually, this sends nothing."""
    # A query would take a round trip for each page. If nothing has arrived, the server has not ended the
    # connection. What has arrived is mostly the end, and seldom a notice.
    arrived = select.poll()
    arrived.register(connection.fileno(), select.POLLIN)
    if not arrived.poll(0):
        return True
    try:
        connection.execute("")
    except psycopg.Error:
        return False
    return True
