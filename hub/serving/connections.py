"""The open connections of one worker: how many there may be, and how long each may wait for its client.

Without limits, a client could hold a connection for ever: it sends a part of a request, or it does not read
the response. uvicorn has a limit only for the time between two requests.
"""

from __future__ import annotations

import contextlib
import logging
import resource
import time
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import Protocol

MOST = 800
"""A worker has at most this many connections at once. Each costs memory, besides its descriptor."""
DESCRIPTOR_SHARE = 2
"""Connections get one of so many descriptors. The hub needs the others for databases, files and threads."""
ENOUGH_DESCRIPTORS = 65_536
"""Where a process may open more files than this, or any number of files, the hub does not ask for more."""
HEAD = 20.0
"""How many seconds a client has to send the head of a request."""
GRACE = 30.0
"""How many seconds a client has to send a body or to read a response, and how long it may pause."""
SLOWEST = 1000
"""If a client needs longer, it must have sent or read this many bytes for each further second."""
FAREWELL = 15.0
"""When the whole hub stops, clients have this many seconds to send the request or read the response."""
MOST_UNREAD = 64 * 1024 * 1024
"""How many bytes of responses that clients have not read yet may wait in a worker's memory."""
SWEEP = 1.0
"""Seconds between two looks at the deadlines."""
REPORT = 60.0
"""The log has at most one line in so many seconds about connections that were closed."""

FOR_ROOM = "to make room for new ones"
SLOW_HEAD = "that sent no request in time"
SLOW_BODY = "that sent a body too slowly"
SLOW_READER = "that read a response too slowly"
STOPPING = "because the hub stops"
REFUSED = "attempts to accept a connection failed, because the system had no more descriptors or memory"

logger = logging.getLogger("hub")


class Connection(Protocol):
    """What this module needs to know of a connection."""

    def unread(self) -> int:
        """Return how many bytes of responses wait until the client reads them."""

    def give_up(self) -> None:
        """Close the connection at once."""


@dataclass(slots=True)
class _Step:
    """What a client is doing, and since when: it sends a head or a body, or it reads a response."""

    reason: str
    since: float = field(default_factory=lambda: time.monotonic())  # noqa: PLW0108 - tests replace the clock
    moved: int = 0
    moved_at: float = 0.0
    left: int = 0

    def move(self, size: int) -> None:
        """Note that the client has sent or read ``size`` bytes."""
        if size > 0:
            self.moved += size
            self.moved_at = time.monotonic()

    def observe(self, left: int) -> None:
        """Note how many bytes are left to read; it is fewer than before if the client has read some."""
        self.move(self.left - left)
        self.left = left

    def is_late(self, now: float) -> bool:
        """Return whether the client is slower than it may be."""
        passed, paused = now - self.since, now - max(self.since, self.moved_at)
        if self.reason == SLOW_HEAD:
            return passed > HEAD
        return paused > GRACE or passed > GRACE + self.moved / SLOWEST


def raise_descriptor_limit() -> None:
    """Let this process and its children open as many files as the operating system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, ENOUGH_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _most() -> int:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else min(MOST, soft // DESCRIPTOR_SHARE)


class Connections:
    """The connections of this worker, with the step at which each client is."""

    def __init__(self) -> None:
        """Start without connections."""
        self.most = self._usual = _most()
        self._open: set[Connection] = set()
        # The connection that has waited longest for a request, or for more of a body, is the first one.
        self._requests: OrderedDict[Connection, _Step] = OrderedDict()
        self._responses: dict[Connection, _Step] = {}
        self._given_up: Counter[str] = Counter()
        self._reported_at = -REPORT
        self._farewell = float("inf")

    def make_room(self) -> bool:
        """Return whether the worker can accept one more connection.

        If it cannot, first give up the connection that has been idle longest without a whole request. If all
        requests are whole, give up the client that has been reading a response for the longest time.
        """
        return len(self._open) < self.most or self._give_up_one()

    def _give_up_one(self) -> bool:
        slow = next(iter(self._requests), None) or min(
            self._responses, key=lambda reader: self._responses[reader].since, default=None
        )
        if slow is not None:
            self._give_up(slow, FOR_ROOM)
        return slow is not None

    def note_exhaustion(self) -> None:
        """Allow fewer connections for a while, because the system has refused to accept one."""
        self._given_up[REFUSED] += 1
        self.most = max(1, len(self._open) * 3 // 4)  # a response needs descriptors too
        while len(self._open) > self.most and self._give_up_one():
            pass

    def await_request(self, connection: Connection) -> None:
        """Begin to wait for the first or the next request on a connection."""
        self._open.add(connection)
        self._requests[connection] = _Step(SLOW_HEAD)
        self._requests.move_to_end(connection)

    def await_body(self, connection: Connection, received: int) -> None:
        """Continue to wait for the rest of a body, of which ``received`` more bytes have arrived."""
        step = self._requests.get(connection)
        if step is None or step.reason != SLOW_BODY:
            step = self._requests[connection] = _Step(SLOW_BODY)
        step.move(received)
        self._requests.move_to_end(connection)

    def end_request(self, connection: Connection) -> None:
        """Note that a request has arrived completely."""
        self._requests.pop(connection, None)

    def forget(self, connection: Connection) -> None:
        """Note that a connection has ended."""
        self._open.discard(connection)
        self._requests.pop(connection, None)
        self._responses.pop(connection, None)

    def observe(self, connection: Connection) -> int:
        """Note how much of its responses a client has not read yet, and return this number of bytes."""
        unread = connection.unread()
        if unread:
            self._responses.setdefault(connection, _Step(SLOW_READER)).observe(unread)
        else:
            self._responses.pop(connection, None)
        return unread

    def say_farewell(self) -> None:
        """Let no client keep the worker waiting for longer than ``FAREWELL``, because the whole hub stops."""
        self._farewell = min(self._farewell, time.monotonic() + FAREWELL)

    def sweep(self) -> None:
        """Give up the connections that are too slow, and say so in the log."""
        unread = sum(self.observe(connection) for connection in self._open)
        now = time.monotonic()
        for waiting in (self._requests, self._responses):
            for connection, step in [*waiting.items()]:
                if step.is_late(now):
                    self._give_up(connection, step.reason)
                elif now > self._farewell:
                    self._give_up(connection, STOPPING)
        self._bound_memory(unread)
        self._report(now)
        self.most = min(self.most + self.most // 10 + 1, self._usual)

    def _bound_memory(self, unread: int) -> None:
        for reader in sorted(self._responses, key=lambda reader: self._responses[reader].since):
            if unread <= MOST_UNREAD:
                return
            unread -= self._responses[reader].left
            self._give_up(reader, SLOW_READER)

    def _give_up(self, connection: Connection, reason: str) -> None:
        self._given_up[reason] += 1
        self.forget(connection)
        connection.give_up()

    def _report(self, now: float) -> None:
        if not self._given_up or now - self._reported_at < REPORT:
            return
        counts = ", ".join(f"{count} {reason}" for reason, count in self._given_up.items())
        is_full = self._given_up.keys() & {FOR_ROOM, REFUSED}
        logger.log(
            logging.WARNING if is_full else logging.INFO,
            "closed slow or idle connections: %s; a worker has at most %d at once",
            counts,
            self._usual,
        )
        self._given_up.clear()
        self._reported_at = now
