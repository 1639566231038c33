"""Makes ``os.fork`` wait while the watcher uses the database.

A fork copies the whole memory of a process, but the child has only one thread: the thread that called the
fork. If the watcher's thread holds a lock at that moment, in Python or in a database library, this lock stays
locked in the child for ever.
"""

from __future__ import annotations

import functools
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

L = TypeVar("L", bound=Any)
P = ParamSpec("P")
T = TypeVar("T")

no_fork = threading.RLock()
"""The lock that the watcher holds while it works. In every other thread, ``os.fork`` waits for this lock."""


LOG_WAIT = 1.0
"""``os.fork`` waits at most this many seconds for threads that are writing to the log."""

_pid = os.getpid()
_held: list[logging.Handler] = []
_in_children: list[Callable[[], object]] = []


def after_fork(function: Callable[[], object]) -> None:
    """Register a function that every forked child calls. The functions run in the order of registration."""
    _in_children.append(function)


def open_in_children(lock: L) -> L:
    """Return ``lock``, and make sure that it is unlocked in every forked child."""
    after_fork(lock._at_fork_reinit)  # noqa: SLF001 - Python's own `logging` does the same with its locks
    return lock


def notice_fork() -> None:
    """If this process was forked without ``os.fork``, call the functions that were passed to ``after_fork``.

    uWSGI, for example, forks without ``os.fork``.
    """
    if os.getpid() != _pid:
        _begin_as_child()


def no_fork_meanwhile(function: Callable[P, T]) -> Callable[P, T]:
    """Return a wrapper of ``function``. While the wrapper runs, ``os.fork`` waits in every other thread."""

    @functools.wraps(function)
    def holding(*args: P.args, **kwargs: P.kwargs) -> T:
        with no_fork:
            return function(*args, **kwargs)

    return holding


def _acquire() -> None:
    no_fork.acquire()
    # Python opens the locks of log handlers in a child, but not those of the streams to which they write. A
    # child that was forked while the watcher wrote to the log could not write to the log any more.
    deadline = time.monotonic() + LOG_WAIT
    _held.extend(handler for handler in _log_handlers() if _is_acquired(handler, deadline))


def _is_acquired(handler: logging.Handler, deadline: float) -> bool:
    """Try until ``deadline`` to acquire the lock of ``handler``. Return whether that succeeded."""
    left = max(0.0, deadline - time.monotonic())
    return handler.lock is not None and handler.lock.acquire(timeout=left)


def _log_handlers() -> Iterator[logging.Handler]:
    """Yield the handlers to which the watcher's log messages go."""
    logger: logging.Logger | None = logging.getLogger("config_app")
    if not logging.getLogger("config_app").hasHandlers() and logging.lastResort is not None:
        yield logging.lastResort
    while logger is not None:
        yield from logger.handlers
        logger = logger.parent if logger.propagate else None


def _release() -> None:
    while _held:
        _held.pop().release()
    no_fork.release()


def _begin_as_child() -> None:
    global _pid  # noqa: PLW0603 - one process
    _pid = os.getpid()
    _held.clear()  # Python has opened the locks of the handlers
    lock: Any = no_fork
    if lock._is_owned():  # noqa: SLF001 - Python offers no other way
        lock.release()
    else:  # not every server in C calls `_acquire`
        lock._at_fork_reinit()  # noqa: SLF001 - as Python does with its own locks
    for function in _in_children:
        function()


os.register_at_fork(before=_acquire, after_in_parent=_release, after_in_child=_begin_as_child)
