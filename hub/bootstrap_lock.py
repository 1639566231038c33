"""One bootstrap at a time, across processes and, on a database server, across machines."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from django.db import DatabaseError, connection

from config_app.errors import DatabaseUnavailable
from config_app.faults import database_errors
from config_app.files import PRIVATE_FILE
from hub.instance import Instance

ADVISORY_LOCK = 0x48756221
"""The advisory lock that hubs of one PostgreSQL database agree on."""


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
    if connection.vendor != "postgresql":
        yield
        return
    with database_errors(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
    try:
        yield
    finally:
        # A connection that broke has given up its lock, and what broke it says more than a second error.
        with contextlib.suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_LOCK])
