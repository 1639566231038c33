"""How a process hears of changes on PostgreSQL: ``LISTEN`` on a connection of its own."""

from __future__ import annotations

import contextlib
import secrets
import select
import threading
import time
from typing import Any

import psycopg
from django.db import connection

from config_app import runtime, store
from config_app.errors import DatabaseUnavailable
from config_app.models import ConfigState
from config_app.triggers import CHANNEL

STOP_INTERVAL = 0.25
"""Seconds after which a waiting watcher looks whether it should stop."""
BACKSTOP = 5.0
"""Seconds between two looks at the version itself, for notifications that were lost."""
HEARING = 5.0
"""Seconds within which a notification arrives, where any does."""
KEEPALIVES = {"keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
VERSION = f"SELECT version FROM {ConfigState._meta.db_table} WHERE id = {store.STATE_ID}"  # noqa: S608 - ours


class BehindPooler(Exception):
    """The connection goes through a transaction pooler, where ``LISTEN`` hears nothing."""


class PostgresSource:
    """Waits for the notification that a trigger sends with every commit to the configuration."""

    def __init__(self) -> None:
        """Connect and listen; raise ``DatabaseUnavailable`` or ``BehindPooler``."""
        try:
            self._connection = psycopg.connect(**_parameters())
            self._refuse_pooler()
            self._connection.execute(f"LISTEN {CHANNEL}".encode())
            self._version = self._read_version()
        except psycopg.Error as error:
            raise _unavailable(error) from error

    def _refuse_pooler(self) -> None:
        """Compare the backend of the start-up packet with the one that answers: a pooler hands out others."""
        row = self._connection.execute("SELECT pg_backend_pid()").fetchone()
        if row is None or row[0] != self._connection.info.backend_pid:
            self._connection.close()
            raise BehindPooler

    def _read_version(self) -> int:
        self._checked_at = time.monotonic()
        row = self._connection.execute(VERSION.encode()).fetchone()
        return int(row[0]) if row else 0

    def wait(self, stopping: threading.Event) -> None:
        """Wait for the server to say something."""
        end = time.monotonic() + BACKSTOP
        while not stopping.is_set() and time.monotonic() < end:
            if select.select([self._connection.fileno()], [], [], STOP_INTERVAL)[0]:
                return

    def look(self) -> bool:
        """Tell whether the version moved, as a notification says or after a while without one."""
        try:
            notified = bool(list(self._connection.notifies(timeout=0)))
            if not notified and time.monotonic() - self._checked_at < BACKSTOP:
                return False
            version = self._read_version()
        except psycopg.Error as error:
            raise _unavailable(error) from error
        changed, self._version = version != self._version, version
        if not changed:
            runtime.confirm_current()
        return changed

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(psycopg.Error):
            self._connection.close()


def hears_notifications() -> bool:
    """Tell whether a connection that listens hears of a notification that another one sends.

    On a channel of its own, because ``CHANNEL`` would wake every process. Raises ``DatabaseUnavailable``.
    """
    channel = f"{CHANNEL}_{secrets.token_hex(8)}"
    try:
        with contextlib.closing(psycopg.connect(**_parameters())) as listening:
            listening.execute(f"LISTEN {channel}".encode())
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_notify(%s, '')", [channel])
            return bool(list(listening.notifies(timeout=HEARING, stop_after=1)))
    except psycopg.Error as error:
        raise _unavailable(error) from error


def _parameters() -> dict[str, Any]:
    """Return Django's own connection parameters, for a plain connection that says who it is."""
    parameters = connection.get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    return {**KEEPALIVES, **parameters, "autocommit": True, "application_name": "config_app watcher"}


def _unavailable(error: psycopg.Error) -> DatabaseUnavailable:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return DatabaseUnavailable(lines[0], "check that the database server is reachable")
