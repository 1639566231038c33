"""The open connections of one worker: how many are allowed, and how long each client may take.

Without limits, a client could hold a connection for ever: it could send only a part of a request, or not read
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
"""A worker has at most this many connections. Each connection costs memory and a descriptor."""
DESCRIPTOR_SHARE = 2
"""The limit of descriptors is divided by this number. A worker has at most that many connections.

The hub needs the other descriptors for databases, files and threads.
"""
ENOUGH_DESCRIPTORS = 65_536
"""The hub raises its limit of open files to at most this number, even if the system allows more."""
HEAD = 20.0
"""How many seconds a client has to send the head of a request."""
GRACE = 30.0
"""While a client sends a body or reads a response, it may pause for at most this many seconds."""
SLOWEST = 1000
"""After ``GRACE`` seconds, a client must have sent or read this many bytes for each further second."""
FAREWELL = 15.0
"""When the whole hub stops, clients have this many seconds to finish a request or to read a response."""
MOST_UNREAD = 64 * 1024 * 1024
"""At most this many bytes of responses wait in a worker's memory until the clients read them."""
SWEEP = 1.0
"""The worker checks the deadlines at intervals of this many seconds."""
REPORT = 60.0
"""After a log line about closed connections, the next such line comes at least this many seconds later."""

FOR_ROOM = "to make room for new ones"
SLOW_HEAD = "that sent no request in time"
SLOW_BODY = "that sent a body too slowly"
SLOW_READER = "that read a response too slowly"
STOPPING = "because the hub stops"
REFUSED = "failures to accept a connection, because the system had no more descriptors or memory"

logger = logging.getLogger("hub")


class Connection(Protocol):
    """The methods that this module calls on a connection."""

    def unread(self) -> int:
        """Return how many bytes of responses the client has not read yet."""

    def give_up(self) -> None:
        """Close the connection immediately."""


@dataclass(slots=True)
class _Step:
    """What a client is doing, and since when. The client sends a head, sends a body or reads a response."""

    reason: str
    since: float = field(default_factory=lambda: time.monotonic())  # noqa: PLW0108 - tests replace the clock
    moved: int = 0
    moved_at: float = 0.0
    left: int = 0

    def move(self, size: int) -> None:
        """If ``size`` is positive, note that the client has sent or read ``size`` more bytes."""
        if size > 0:
            self.moved += size
            self.moved_at = time.monotonic()

    def observe(self, left: int) -> None:
        """Note that the client has not read ``left`` bytes of its responses yet.

        If more bytes were unread before, note that the client has read the difference.
        """
        self.move(self.left - left)
        self.left = left

    def is_late(self, now: float) -> bool:
        """Return whether the client is too slow at the time ``now``."""
        passed, paused = now - self.since, now - max(self.since, self.moved_at)
        if self.reason == SLOW_HEAD:
            return passed > HEAD
        return paused > GRACE or passed > GRACE + self.moved / SLOWEST


def raise_descriptor_limit() -> None:
    """Raise the limit of open files for this process and its children.

    The new limit is the largest number that the system allows, but at most ``ENOUGH_DESCRIPTORS``.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, ENOUGH_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _most() -> int:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else min(MOST, soft // DESCRIPTOR_SHARE)


class Connections:
    """The connections of this worker, and what each client does."""

    def __init__(self) -> None:
        """Create a registry without connections."""
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

        If the worker has as many connections as allowed, close one connection. Choose the connection that has
        waited longest for a request or for the rest of a request. If there is no such connection, choose the
        connection whose client has been reading a response for the longest time. If all clients are waiting
        for a response, close nothing and return ``False``.
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
        """Allow fewer connections for a while, and close the connections that are now too many.

        The server calls this method when the system cannot accept a connection.
        """
        self._given_up[REFUSED] += 1
        self.most = max(1, len(self._open) * 3 // 4)  # a response needs descriptors too
        while len(self._open) > self.most and self._give_up_one():
            pass

    def await_request(self, connection: Connection) -> None:
        """Note that the worker begins to wait for a request on this connection."""
        self._open.add(connection)
        self._requests[connection] = _Step(SLOW_HEAD)
        self._requests.move_to_end(connection)

    def await_body(self, connection: Connection, received: int) -> None:
        """Count ``received`` bytes of a body that have just arrived. The worker still waits for the rest."""
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
        """Return how many bytes of responses the client has not read yet, and note this number."""
        unread = connection.unread()
        if unread:
            self._responses.setdefault(connection, _Step(SLOW_READER)).observe(unread)
        else:
            self._responses.pop(connection, None)
        return unread

    def say_farewell(self) -> None:
        """Give the clients ``FAREWELL`` seconds to finish, because the whole hub is stopping.

        Only the first call sets the deadline. Later calls change nothing.
        """
        self._farewell = min(self._farewell, time.monotonic() + FAREWELL)

    def sweep(self) -> None:
        """Close the connections of clients that are too slow, and log how many were closed."""
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
