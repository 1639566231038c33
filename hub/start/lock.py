"""One bootstrap at a time, across processes and, on a database server, across machines."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

from config_app.encryption.private_files import PRIVATE_FILE
from config_app.errors import DatabaseUnavailable
from config_app.store.failures import database_errors
from hub.environment.instance import Instance

ADVISORY_LOCK = 0x48756221
"""The advisory lock that hubs of one PostgreSQL database agree on."""
ASK_AGAIN = 0.1
"""Seconds until whoever did not get it asks again."""


@contextlib.contextmanager
def bootstrap_lock(instance: Instance) -> Iterator[None]:
    """Wait until no other process of this install is starting up, then keep the others waiting."""
    with _file_lock(instance), _advisory_lock():
        yield


@contextlib.contextmanager
def _file_lock(instance: Instance) -> Iterator[None]:
    """Lock a file beside the SQLite database; the lock goes with the process that holds it."""
    beside = instance.database_path.parent if instance.database_path else instance.data_dir
    descriptor = _open(beside / ".bootstrap.lock")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE_FILE)
    except OSError as error:
        raise DatabaseUnavailable(
            f"{path} cannot be opened: {error.strerror}",
            f"make {path.parent} writable for the hub's user, or set HUB_DATABASE_PATH",
        ) from error


@contextlib.contextmanager
def _advisory_lock() -> Iterator[None]:
    """Hold PostgreSQL's lock in a transaction of its own, which a pooler leaves on one server connection.

    Whoever has to wait asks again and again: a transaction that waited would keep a server connection from
    the one that works, where a pooler has few.
    """
    if connection.vendor != "postgresql":
        yield
        return
    holder = connection.copy()
    try:
        with database_errors():
            while not _try_lock(holder):
                time.sleep(ASK_AGAIN)
        yield
    finally:
        # A connection that broke has given up its lock, and what broke it says more than a second error.
        with contextlib.suppress(DatabaseError):
            holder.close()


def _try_lock(holder: BaseDatabaseWrapper) -> bool:
    """Begin a transaction that holds the lock until its connection is closed, or end it without the lock."""
    holder.set_autocommit(False)
    with holder.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        (is_ours,) = cursor.fetchone()
    if not is_ours:
        holder.rollback()
    return bool(is_ours)
