"""How long a write waits for the locks of other transactions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from config_app.database import atomic, connection

longest_wait: ContextVar[float] = ContextVar("config_app_longest_wait", default=5.0)
"""How many seconds a write waits for a lock before the write is refused."""
# The wait is limited because a person may have left a transaction open in a database client.


AT_ONCE = 0.001
"""The shortest possible wait, in seconds. With a ``lock_timeout`` of 0, PostgreSQL would wait for ever."""


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
    """Run the block in a transaction. Each write in it waits at most ``longest_wait`` seconds for a lock.

    If the block is inside another transaction, the limit of that transaction applies again after the block.
    """
    # SQLite and MySQL already limit the wait for each connection, so nothing is set there.
    is_nested = connection().in_atomic_block or not connection().get_autocommit()
    with atomic():
        before = (
            _limit(f"{round(longest_wait.get() * 1000)}") if connection().vendor == "postgresql" else None
        )
        yield
        if is_nested and before is not None:  # after an error, the rollback restores the limit
            _limit(before)


def _limit(timeout: str) -> str:
    """Set PostgreSQL's ``lock_timeout`` for the rest of the transaction; return the previous timeout."""
    with connection().cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('lock_timeout'), set_config('lock_timeout', %s, true)", [timeout]
        )
        return str(cursor.fetchone()[0])
