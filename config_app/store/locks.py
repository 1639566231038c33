"""How long a write waits for the locks of other transactions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from django.db import connection, transaction

longest_wait: ContextVar[float] = ContextVar("config_app_longest_wait", default=5.0)
"""How many seconds a write waits for a lock before it is refused."""
# The wait is limited because a person may have left a transaction open in a database client.


AT_ONCE = 0.001
"""The shortest wait, in seconds. On PostgreSQL, 0 would mean to wait for ever."""


@contextlib.contextmanager
def waiting_at_most(seconds: float) -> Iterator[None]:
    """Limit how long each write in this block waits for a lock."""
    token = longest_wait.set(seconds)
    try:
        yield
    finally:
        longest_wait.reset(token)


@contextlib.contextmanager
def bounded_transaction() -> Iterator[None]:
    """Run the block in a transaction that waits at most ``longest_wait`` seconds for each lock."""
    # SQLite and MySQL have a limit for every connection, so nothing is set there.
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = {round(longest_wait.get() * 1000)}")
        yield
