"""How a process hears of changes on PostgreSQL: ``LISTEN`` on its watcher's one connection.

The watcher reads on the same connection, so that an idle process holds one and no more.
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
from django.db import DEFAULT_DB_ALIAS, connection, connections

from config_app.errors import DatabaseUnavailable
from config_app.live import runtime
from config_app.store.failures import database_errors
from config_app.store.statements import VERSION
from config_app.store.triggers import CHANNEL

STOP_INTERVAL = 0.25
"""Seconds after which a waiting watcher looks whether it should stop."""
BACKSTOP = 5.0
"""Seconds between two looks at the version itself, for notifications that were lost."""
HEARING = 5.0
"""Seconds within which a notification arrives, where any does."""
SPREAD = 0.0
"""Seconds over which the processes spread their loads after a notification, where there are very many."""
PATIENCE = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""libpq's parameters to notice within seconds that a server is silent; ``tcp_user_timeout`` is in ms."""


class BehindPooler(Exception):
    """The connection goes through a transaction pooler, where ``LISTEN`` hears nothing."""


class PostgresSource:
    """Waits for the notification that a trigger sends with every commit to the configuration."""

    def __init__(self) -> None:
        """Connect and listen; raise ``DatabaseUnavailable`` or ``BehindPooler``."""
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
        connection.ensure_connection()
        self._server: psycopg.Connection[Any] = connection.connection
        self._server.execute(f"LISTEN {CHANNEL}".encode())
        self._version = self._read_version()

    def _read_version(self) -> int:
        self._checked_at = time.monotonic()
        row = self._server.execute(VERSION.encode()).fetchone()
        return int(row[0]) if row else 0

    def wait(self, stopping: threading.Event, at_most: float = BACKSTOP) -> None:
        """Wait for the server to say something."""
        end = time.monotonic() + min(at_most, BACKSTOP)
        while not (stopping.is_set() or self._server.closed) and (left := end - time.monotonic()) > 0:
            if select.select([self._server.fileno()], [], [], min(STOP_INTERVAL, left))[0]:
                stopping.wait(random.uniform(0, SPREAD))  # noqa: S311 - no secret
                return

    def look(self) -> bool:
        """Tell whether the version moved, as a notification says or after a while without one.

        What is notified while the version is read arrives with its answer, after which nothing is left to
        wait for: so read again until nothing more was said.
        """
        with _server_errors():
            if self._server.closed:  # a hook may close this thread's connections
                self._listen()
                return True
            if not self._is_notified() and time.monotonic() - self._checked_at < BACKSTOP:
                return False
            version = self._read_version()
            while self._is_notified():
                version = self._read_version()
        changed, self._version = version != self._version, version
        if not changed:
            runtime.confirm_current()
        return changed

    def _is_notified(self) -> bool:
        return bool(list(self._server.notifies(timeout=0)))

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(DatabaseUnavailable), _server_errors():
            connection.close()


def hears_notifications() -> bool:
    """Tell whether a connection that listens hears of a notification that another one sends.

    On a channel of its own, because ``CHANNEL`` would wake every process. Raises ``DatabaseUnavailable``.
    """
    channel = f"{CHANNEL}_{secrets.token_hex(8)}"
    with _server_errors(), contextlib.closing(connection.copy()) as listening:
        listening.ensure_connection()
        server: psycopg.Connection[Any] = listening.connection
        server.execute(f"LISTEN {channel}".encode())
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [channel])
        return bool(list(server.notifies(timeout=HEARING, stop_after=1)))


def own_connection() -> None:
    """Give this thread a connection that says who it is and gives up soon where a server is silent.

    Django's own would be taken back into a pool, where there is one, while it still listens.
    """
    own = connection.copy()
    options = {**PATIENCE, **own.settings_dict["OPTIONS"], "application_name": "config_app watcher"}
    options.pop("pool", None)
    own.settings_dict["OPTIONS"] = options
    connection.close()
    connections[DEFAULT_DB_ALIAS] = own


def is_pooled() -> bool:
    """Compare the backend of the start-up packet with the one that answers: a pooler hands out others."""
    with _server_errors():
        connection.ensure_connection()
        server: psycopg.Connection[Any] = connection.connection
        row = server.execute("SELECT pg_backend_pid()").fetchone()
    return row is None or row[0] != server.info.backend_pid


@contextlib.contextmanager
def _server_errors() -> Iterator[None]:
    """Turn what the server says, through Django or past it, into one line."""
    try:
        with database_errors():
            yield
    except psycopg.Error as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise DatabaseUnavailable(lines[0], "check that the database server is reachable") from error
