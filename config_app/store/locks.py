"""How long a write waits for what another transaction has locked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from django.db import connection, transaction

longest_wait: ContextVar[float] = ContextVar("config_app_longest_wait", default=5.0)
"""Seconds after which a write is refused: somebody may have forgotten a transaction in a database client."""


AT_ONCE = 0.001
"""What PostgreSQL, where none at all would mean for ever, takes for no wait."""


@contextlib.contextmanager
def waiting_at_most(seconds: float) -> Iterator[None]:
    """Let writes within the block wait for others only so long."""
    token = longest_wait.set(seconds)
    try:
        yield
    finally:
        longest_wait.reset(token)


@contextlib.contextmanager
def bounded_transaction() -> Iterator[None]:
    """Begin a transaction that waits for locks no longer than that.

    SQLite and MySQL have such a limit anyway, for the whole of a connection.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = {round(longest_wait.get() * 1000)}")
        yield
