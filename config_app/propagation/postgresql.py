"""How a process learns of changes on PostgreSQL: its watcher uses ``LISTEN``.

The watcher listens and reads on the same connection, so an idle process holds only one connection.
"""

from __future__ import annotations

import contextlib
import random
import secrets
import select
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper

from config_app.database import connection
from config_app.database.limited_queries import limit
from config_app.database.patience import FixedPatience
from config_app.database.place import replace_connection
from config_app.errors import DatabaseUnavailable
from config_app.live import freshness
from config_app.store.failures import NO_LOCK, SLOW, TOO_SLOW, database_errors
from config_app.store.statements import VERSION
from config_app.store.triggers import CHANNEL

STOP_INTERVAL = 0.25
"""Seconds after which a waiting watcher checks whether it should stop."""
BACKSTOP = 5.0
"""The longest time, in seconds, between two reads of the version.

A notification can get lost, so the watcher also reads the version without a notification."""
TEST_TIMEOUT = 5.0
"""Seconds to wait for the notification that tests whether ``LISTEN`` works."""
QUERY_TIMEOUT = 5.0
"""Seconds for which a query of the watcher waits for the server. Hooks may wait longer."""
SPREAD = 0.0
"""After a notification, each process waits for a random time of at most this many seconds, then loads."""
PATIENCE = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""libpq parameters that detect a silent server within seconds; ``tcp_user_timeout`` is in milliseconds."""


class BehindPooler(Exception):
    """The connection goes through a transaction pooler, so ``LISTEN`` receives no notifications."""


class PostgresSource:
    """A change source that waits for notifications. A trigger sends a notification for each new version."""

    def __init__(self) -> None:
        """Connect and listen.

        Raise ``BehindPooler`` if the connection goes through a transaction pooler. Raise
        ``DatabaseUnavailable`` if the server cannot be reached.
        """
        own_connection()
        try:
            with _server_errors():
                if is_pooled():
                    raise BehindPooler
                self._listen()
        except BaseException:
            self.close()
            raise

    def _listen(self) -> None:
        connection().ensure_connection()
        self._server: psycopg.Connection[Any] = connection().connection
        self._server.execute(f"LISTEN {CHANNEL}".encode())
        self._version = self._read_version()

    def _read_version(self) -> int:
        self._checked_at = time.monotonic()
        row = self._server.execute(VERSION.encode()).fetchone()
        return int(row[0]) if row else 0

    def wait(self, stopping: threading.Event, at_most: float = BACKSTOP) -> None:
        """Wait until the server sends something, ``stopping`` is set or ``at_most`` seconds have passed."""
        end = time.monotonic() + min(at_most, BACKSTOP)
        while not (stopping.is_set() or self._server.closed) and (left := end - time.monotonic()) > 0:
            if select.select([self._server.fileno()], [], [], min(STOP_INTERVAL, left))[0]:
                stopping.wait(random.uniform(0, SPREAD))  # noqa: S311 - no secret
                return

    def look(self) -> bool:
        """Return whether the version has changed; raise ``DatabaseUnavailable`` if the read fails.

        Read the version after a notification, and otherwise every ``BACKSTOP`` seconds.
        """
        with _server_errors():
            if self._server.closed:  # a hook closed the connections of this thread
                self._listen()
                return True
            if not self._is_notified() and time.monotonic() - self._checked_at < BACKSTOP:
                return False
            version = self._read_version()
            # A notification can arrive with the answer to the query. `wait` would miss it, so read again.
            while self._is_notified():
                version = self._read_version()
        changed, self._version = version != self._version, version
        if not changed:
            freshness.confirm_current()
        return changed

    def _is_notified(self) -> bool:
        return bool(list(self._server.notifies(timeout=0)))

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(DatabaseUnavailable), _server_errors():
            connection().close()


def hears_notifications() -> bool:
    """Return whether a listening connection receives a notification that another connection sends.

    Raise ``DatabaseUnavailable`` if the server cannot be reached.
    """
    channel = f"{CHANNEL}_{secrets.token_hex(8)}"  # a notification on CHANNEL would wake every process
    with _server_errors(), contextlib.closing(_copy()) as listening:
        listening.ensure_connection()
        server: psycopg.Connection[Any] = listening.connection
        server.execute(f"LISTEN {channel}".encode())
        with connection().cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [channel])
        return bool(list(server.notifies(timeout=TEST_TIMEOUT, stop_after=1)))


def own_connection() -> None:
    """Replace this thread's connection. The new connection has a name and detects a silent server."""
    own = _copy()
    options = {**PATIENCE, **own.settings_dict["OPTIONS"], "application_name": "config_app watcher"}
    own.settings_dict["OPTIONS"] = options
    limit(own, FixedPatience(QUERY_TIMEOUT))
    replace_connection(own)


def _copy() -> BaseDatabaseWrapper:
    """Return a new connection to the configuration's database. The connection belongs to no pool."""
    own = connection().copy()
    own.settings_dict["OPTIONS"].pop("pool", None)  # a pool would take it back while it still listens
    return own


def is_pooled() -> bool:
    """Return whether a connection pooler is between this process and the server.

    Raise ``DatabaseUnavailable`` if the server cannot be reached.
    """
    # With a pooler, the query is not answered by the server process that was named at the connection.
    with _server_errors():
        connection().ensure_connection()
        server: psycopg.Connection[Any] = connection().connection
        row = server.execute("SELECT pg_backend_pid()").fetchone()
    return row is None or row[0] != server.info.backend_pid


@contextlib.contextmanager
def _server_errors() -> Iterator[None]:
    """Turn the errors of Django and of psycopg into ``DatabaseUnavailable`` with a message of one line."""
    try:
        with database_errors():
            yield
    except psycopg.Error as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        has_waited = error.sqlstate in {NO_LOCK, TOO_SLOW}
        fix = SLOW if has_waited else "check that the database server is reachable"
        raise DatabaseUnavailable(lines[0], fix) from error
