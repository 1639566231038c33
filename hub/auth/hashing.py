"""The hasher for passwords. It protects pages, and people whom the hub knows, from strangers who guess.

A hash takes a third of a second of processor time by design. Without a limit, a hundred strangers who guess
passwords would take all processors away from the people who use the hub. So each process has two queues: one
for strangers, and one for all other people. A process makes at most one hash at a time for each queue. The
hashes for strangers have a low priority.
"""

from __future__ import annotations

import contextlib
import enum
import heapq
import itertools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from hub.postgresql.release import release_idle

MOST_STRANGERS = 8
"""At most this many strangers wait for a hash in a process. Further strangers are refused at once."""
PATIENCE = 10.0
"""A stranger waits at most this many seconds for a hash. Then the attempt is refused."""
NICENESS = 10
"""The niceness, on Linux, of the thread that makes a stranger's hash.

A thread that serves pages has niceness 0. So if both threads need the same processor, the thread with the
pages gets nine times as much processor time."""


class Rank(enum.IntEnum):
    """Who needs a hash. Among strangers, the lower rank comes first."""

    KNOWN = 0
    """A person who is signed in, a person in a known browser, or a command. All of these share one queue."""
    WAITED = 1
    """A stranger who has waited as long as the hub demanded, see ``hub.auth.waiting``."""
    STRANGER = 2


class Busy(Exception):
    """The password was not checked, because too many people wait for a hash."""


rank: ContextVar[Rank] = ContextVar("rank", default=Rank.KNOWN)
"""Who needs the hashes that the current context makes."""
before_hashing: ContextVar[Callable[[], None]] = ContextVar("before_hashing", default=lambda: None)
"""This function is called before each hash. ``hub.serving.turns`` uses it to let another request begin."""


class Queue:
    """People who wait for a hash. One hash at a time is made."""

    def __init__(self) -> None:
        """Create an empty queue."""
        self._changed = threading.Condition()
        self._waiting: list[tuple[Rank, int]] = []
        self._numbers = itertools.count()
        self._is_hashing = False

    @contextlib.contextmanager
    def turn(self, rank: Rank) -> Iterator[None]:
        """Wait for the caller's turn, then run the body of ``with``. Raise ``Busy`` after a long wait."""
        with self._changed:
            self._await(rank)
            self._is_hashing = True
        try:
            yield
        finally:
            with self._changed:
                self._is_hashing = False
                self._changed.notify_all()

    def _await(self, rank: Rank) -> None:
        if rank is Rank.STRANGER and self._strangers() >= MOST_STRANGERS:
            raise Busy
        place = rank, next(self._numbers)
        heapq.heappush(self._waiting, place)
        try:
            is_next = self._changed.wait_for(
                lambda: not self._is_hashing and self._waiting[0] == place,
                None if rank is Rank.KNOWN else PATIENCE,
            )
        finally:
            self._waiting.remove(place)
            heapq.heapify(self._waiting)
            self._changed.notify_all()
        if not is_next:
            raise Busy

    def _strangers(self) -> int:
        return sum(waiting is Rank.STRANGER for waiting, _ in self._waiting)


_known, _strangers = Queue(), Queue()


class QueuedHasher(PBKDF2PasswordHasher):
    """Django's hasher, with a queue. Its hashes are Django's."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        """Return the hash. Raise ``Busy`` if too many people wait for a hash."""
        before_hashing.get()()
        release_idle()
        if rank.get() is Rank.KNOWN:
            with _known.turn(Rank.KNOWN):
                return super().encode(password, salt, iterations)
        with _strangers.turn(rank.get()):
            return _beside_pages(lambda: super(QueuedHasher, self).encode(password, salt, iterations))


def _beside_pages(make: Callable[[], str]) -> str:
    """Call ``make`` in a thread of a low priority, and return the result."""
    # A thread cannot get its priority back, so the thread of the request keeps its own.
    with ThreadPoolExecutor(1, initializer=_be_nice) as thread:
        return thread.submit(make).result()


def _be_nice() -> None:
    if sys.platform == "linux":  # elsewhere, a thread has no priority of its own
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
