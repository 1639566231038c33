"""Makes ``os.fork`` wait while the watcher uses the database.

A fork copies the whole memory of a process, but the child has only one thread, the one that forked. If the
watcher's thread holds a lock at that moment, in Python or in a database library, this lock stays locked in
the child for ever.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

L = TypeVar("L", bound=Any)
P = ParamSpec("P")
T = TypeVar("T")

no_fork = threading.RLock()
"""The lock that the watcher holds while it works. ``os.fork`` in any other thread waits for it."""


def open_in_children(lock: L) -> L:
    """Return ``lock``, and make sure that it is unlocked in every forked child."""
    # Python's own `logging` does the same with its locks.
    os.register_at_fork(after_in_child=lock._at_fork_reinit)  # noqa: SLF001
    return lock


def no_fork_meanwhile(function: Callable[P, T]) -> Callable[P, T]:
    """Decorate ``function``, so that no other thread can fork while it runs."""

    @functools.wraps(function)
    def holding(*args: P.args, **kwargs: P.kwargs) -> T:
        with no_fork:
            return function(*args, **kwargs)

    return holding


def _acquire() -> None:
    no_fork.acquire()


def _release() -> None:
    no_fork.release()


os.register_at_fork(before=_acquire, after_in_parent=_release, after_in_child=_release)
