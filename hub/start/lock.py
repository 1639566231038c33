"""The lock that lets only one process bootstrap the hub at a time.

With PostgreSQL, the lock covers all machines that use the same database.
"""

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
from hub.database.file_access import cure
from hub.environment.instance import Instance

ADVISORY_LOCK = 0x48756221
"""The number of the advisory lock that all hubs on one PostgreSQL database use."""
ASK_AGAIN = 0.1
"""How many seconds a process waits before it tries again to get the advisory lock."""


@contextlib.contextmanager
def bootstrap_lock(instance: Instance) -> Iterator[None]:
    """Hold the lock during the ``with`` block. Before the block, wait until no other process has the lock."""
    with _file_lock(instance), _advisory_lock():
        yield


@contextlib.contextmanager
def _file_lock(instance: Instance) -> Iterator[None]:
    """Hold a lock on a file during the block.

    The file is in the folder of the SQLite file. Without SQLite, the file is in the instance directory. The
    operating system releases the lock when the process ends, even if the process is killed.
    """
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
            f"{cure(path if path.exists() else path.parent)}, or set HUB_DATABASE_PATH",
        ) from error


@contextlib.contextmanager
def _advisory_lock() -> Iterator[None]:
    """Hold PostgreSQL's advisory lock during the block. On other databases, do nothing."""
    if connection.vendor != "postgresql":
        yield
        return
    # A separate transaction holds the lock, because a pooler keeps a transaction on one server connection.
    holder = connection.copy()
    try:
        with database_errors():
            # Try again and again. A transaction that waits would occupy a server connection, and a pooler may
            # have too few of these connections for the process that holds the lock.
            while not _try_lock(holder):
                time.sleep(ASK_AGAIN)
        yield
    finally:
        # A broken connection has released the lock already. An error here would only hide its first error.
        with contextlib.suppress(DatabaseError):
            holder.close()


def _try_lock(holder: BaseDatabaseWrapper) -> bool:
    """Try to get the lock without waiting. Return whether the connection ``holder`` has the lock now.

    A transaction of ``holder`` keeps the lock until ``holder`` is closed.
    """
    holder.set_autocommit(False)
    with holder.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        (is_ours,) = cursor.fetchone()
    if not is_ours:
        holder.rollback()
    return bool(is_ours)
