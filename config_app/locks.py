"""How long a write waits for what another transaction has locked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from django.db import connection, transaction

longest_wait: ContextVar[float] = ContextVar("config_app_longest_wait", default=5.0)
"""Seconds after which a write is refused: somebody may have forgotten a transaction in a database client."""


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
