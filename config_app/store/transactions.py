"""The transaction in which a caller runs: what belongs to the transaction, and whether it has ended."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any
from weakref import WeakKeyDictionary

from django.db.backends.base.base import BaseDatabaseWrapper

from config_app.database import connection, on_commit
from config_app.database.place import borrowing, close_connections
from config_app.store.process import is_test_run, process


def is_in_event_loop() -> bool:
    """Return whether the caller runs in an event loop, where Django refuses to use a database."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def in_transaction() -> bool:
    """Return whether this thread's connection to the configuration is in a transaction."""
    own = connection()
    # `get_autocommit` would connect, which a test may forbid.
    return own.in_atomic_block or (own.connection is not None and not own.autocommit)


class OpenTransaction:
    """A transaction that has not ended yet, with the data that only this transaction uses.

    ``view`` is the configuration as the transaction sees it. ``keyring`` is the keyring that the transaction
    uses.
    """

    def __init__(self, of: BaseDatabaseWrapper) -> None:
        self._connection = weakref.ref(of)
        # Without autocommit, a transaction begins and ends without an outermost block.
        self._outermost = of.atomic_blocks[0] if of.atomic_blocks and of.commit_on_exit else None
        self.view: Any = None
        self.keyring: Any = None

    def is_open(self) -> bool:
        """Return whether the transaction has not ended yet, according to the state of the connection."""
        found = self._connection()
        if self._outermost is None or found is None:
            return found is not None and found.connection is not None and not found.autocommit
        return any(block is self._outermost for block in found.atomic_blocks)

    @property
    def connection(self) -> BaseDatabaseWrapper | None:
        """Return the connection, for use in another thread. Return ``None`` if the transaction has ended."""
        return self._connection() if self._outermost is not None and self.is_open() else None


# Nothing here may refer to a connection strongly: it would stay open after its thread has ended.
_of_connection: WeakKeyDictionary[BaseDatabaseWrapper, OpenTransaction] = WeakKeyDictionary()
_of_caller: ContextVar[OpenTransaction | None] = ContextVar("config_app_transaction", default=None)
"""The transaction in which the caller runs. Coroutines and threads that the caller starts inherit this value.

They use other connections, so they cannot find the transaction in ``_of_connection``.
"""


class _Transactions:
    """A part of the process state. A reset forgets the transaction of the calling thread or task."""

    def __init__(self) -> None:
        self.of_test: OpenTransaction | None = None

    def reset(self) -> None:
        _of_connection.pop(connection(), None)
        _of_caller.set(None)
        self.of_test = None


_transactions = process.keep(_Transactions())


def current() -> OpenTransaction | None:
    """Return the transaction in which the caller runs.

    Return ``None`` if the caller is not in a transaction, or if no code in the transaction has called
    ``join``.
    """
    if in_transaction():
        own = _of_connection.get(connection())
        return own if own and own.is_open() else None
    copied = _of_caller.get() or _of_test()
    if copied and copied.connection:
        return copied
    _forget_ended(copied)
    return None


def _of_test() -> OpenTransaction | None:
    """In an event loop of a test run, return the transaction of the test. Otherwise return ``None``."""
    # A coroutine inherits nothing from the tasks that it starts. But if such a task has changed the
    # configuration in the transaction of the test, the coroutine must see the change.
    return _transactions.of_test if _transactions.of_test and is_in_event_loop() else None


def _forget_ended(copied: OpenTransaction | None) -> None:
    """Forget the views of transactions that have ended, because a view makes every reading slower."""
    _of_connection.pop(connection(), None)
    if copied and not copied.is_open():
        copied.view = None
        _of_caller.set(None)


def join() -> OpenTransaction:
    """Return the transaction of this thread. From now on, ``current`` returns this transaction too."""
    own = current() if in_transaction() else None
    if own is None:
        own = _of_connection[connection()] = OpenTransaction(connection())
    _of_caller.set(own)
    if is_test_run() and threading.current_thread() is threading.main_thread():
        _transactions.of_test = (
            own  # Django runs a test, and the database code of its coroutines, in this thread
        )
    return own


@contextlib.contextmanager
def lent(found: OpenTransaction | None) -> Iterator[None]:
    """Let the calling thread use the connection of another thread's transaction, ``found``.

    During the block, the other thread must wait. If ``found`` is ``None`` or has no usable connection, the
    calling thread opens its own connections. These connections are closed at the end of the block.
    """
    shared = found.connection if found else None
    if shared is None:
        try:
            yield
        finally:
            close_connections()
        return
    with borrowing(shared):
        yield


class WhileOpen:
    """A callable object that remembers the innermost ``atomic`` block in which it was created.

    A call returns whether this block has not ended yet. Without such a block, a call returns ``False``.
    """

    __slots__ = ("_block", "_connection")

    def __init__(self, of: BaseDatabaseWrapper | None = None) -> None:
        found = of or connection()
        self._connection = weakref.ref(found)
        self._block = found.atomic_blocks[-1] if found.atomic_blocks else None

    def __call__(self) -> bool:
        found = self._connection()
        return bool(found and self._block and any(block is self._block for block in found.atomic_blocks))


class UntilCommit:
    """Calls ``function`` after the commit of the current transaction.

    Django forgets this object after the commit, and after a rollback of the savepoint or the transaction. So
    ``is_pending`` only checks whether Django still has the object.
    """

    __slots__ = ("_connection", "_function")

    def __init__(self, function: Callable[[], None]) -> None:
        self._connection, self._function = weakref.ref(connection()), function
        on_commit(self)

    def __call__(self) -> None:
        current()  # forgets the transaction, which has ended
        self._function()

    def is_pending(self) -> bool:
        """Return whether the commit is still possible. Return ``False`` after the commit or a rollback."""
        found = self._connection()
        return found is not None and any(entry[1] is self for entry in found.run_on_commit)
