"""Runs code in threads, because Django allows no query in an event loop.

No thread leaves a database connection open.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async

from config_app.database import connection
from config_app.database.place import is_inherited
from config_app.errors import DatabaseUnavailable
from config_app.store.process import process
from config_app.store.transactions import current, in_transaction, is_in_event_loop, lent

P = ParamSpec("P")
T = TypeVar("T")


def in_a_thread(function: Callable[[], T]) -> T:
    """Call ``function`` in a thread while the caller waits.

    ``function`` runs in the caller's transaction, if there is one. Raise ``DatabaseUnavailable`` if no thread
    can start, for example because the interpreter is ending.
    """
    found = current()

    def run() -> T:
        with lent(found):
            return function()

    with ThreadPoolExecutor(max_workers=1) as pool:
        try:
            started = pool.submit(run)
        except RuntimeError as error:
            raise DatabaseUnavailable("no thread can be started for reading the database") from error
        return started.result()


def safely(function: Callable[[], T]) -> T:
    """Call ``function`` and return its result.

    In an event loop, or if another process opened this thread's connection, call ``function`` in a new
    thread.
    """
    return in_a_thread(function) if is_in_event_loop() or is_inherited() else function()


@contextlib.contextmanager
def no_connection_left() -> Iterator[None]:
    """After the block, close the connection that the block opened.

    Leave the connection open in a transaction and in a command that ends soon.
    """
    # At the end of a request, Django closes the connection of its thread. No other thread has an end that
    # Django notices, so a connection would stay open, and a test database could not be removed. If this
    # process forks, the children would share the connection.
    had_one = connection().connection is not None
    try:
        yield
    finally:
        if not (had_one or in_transaction() or process.is_short_command):
            connection().close()


def to_async(function: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Return a coroutine function that calls ``function`` in a thread and leaves no connection open."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with no_connection_left():
            return function(*args, **kwargs)

    return sync_to_async(run)
