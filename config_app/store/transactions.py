"""Finds out whether a transaction is open, and whether its writes have been rolled back."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction


def in_transaction() -> bool:
    """Return whether this thread's connection to the configuration is in a transaction."""
    # `get_autocommit` would connect, which a test may forbid.
    return connection.in_atomic_block or (connection.connection is not None and not connection.autocommit)


class WhileOpen:
    """A function that returns whether an ``atomic`` block is still open.

    This block is the innermost one at the time when the object is made.
    """

    __slots__ = ("_block", "_connection")

    def __init__(self) -> None:
        self._connection = transaction.get_connection()
        self._block = self._connection.atomic_blocks[-1] if self._connection.atomic_blocks else None

    def __call__(self) -> bool:
        return self._block is not None and any(b is self._block for b in self._connection.atomic_blocks)


class UntilCommit:
    """Calls ``function`` after the commit, and knows whether the transaction is still to be committed.

    Django forgets a callback if its savepoint or transaction is rolled back.
    """

    __slots__ = ("_connection", "_function")

    def __init__(self, function: Callable[[], None]) -> None:
        self._connection, self._function = transaction.get_connection(), function
        transaction.on_commit(self)

    def __call__(self) -> None:
        self._function()

    def is_pending(self) -> bool:
        """Return whether the transaction is open and has not been rolled back to an earlier savepoint."""
        return any(entry[1] is self for entry in self._connection.run_on_commit)
