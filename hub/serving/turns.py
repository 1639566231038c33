"""An ASGI layer that limits how many requests a worker works on at a time. So responses come sooner.

Under ASGI, Django gives every request its own thread, and Python runs only one thread at a time. The more
threads are active, the more time Python loses by switching between them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hub.auth.hashing import before_hashing
from hub.responses.bare_responses import Application, Message, Receive, Send

AT_ONCE = 2
"""The number of requests that have a turn at the same time. While one waits, another can continue."""
FILES = "/static/"
FILES_AT_ONCE = 4
"""The number of static files that have a turn at the same time."""
OUT_OF_TURN = ("/health/", FILES)
"""Requests below these paths do not wait for pages, because they need no database.

If an answer about the health came late, a monitor would report an outage.
"""
ATTEMPTS = {"/auth/login", "/unlock/"}
"""The paths to which strangers post passwords and codes."""
PATIENCE = 0.25
"""A turn ends after at most this many seconds.

A request that takes longer usually waits for the answer of another program, so the next request can begin.
"""


def take_turns(
    application: Application, at_once: int = AT_ONCE, out_of_turn: tuple[str, ...] = OUT_OF_TURN
) -> Application:
    """Return an ASGI application in which at most ``at_once`` requests have a turn at the same time.

    A request needs a turn when it has arrived completely. The turn ends when the response starts, when a
    password is hashed, or after ``PATIENCE`` seconds. So other requests do not have to wait for slow clients,
    for streams, for hashes, or for requests that wait for another server. Requests below the paths in
    ``out_of_turn`` need no turn.
    """
    turns = asyncio.Semaphore(at_once)

    async def in_turn(scope: Message, receive: Receive, send: Send) -> None:
        if scope.get("path", "").startswith(out_of_turn):
            await application(scope, receive, send)
            return
        turn = _Turn(turns)
        earlier = before_hashing.get()
        before_hashing.set(_end_before_hashing(turn))

        async def receive_in_turn() -> Message:
            message: Message = await receive()
            if message["type"] == "http.request" and not message.get("more_body"):
                await turn.take()
            return message

        async def send_in_turn(message: Message) -> None:
            turn.give_back()
            await send(message)

        try:
            await application(scope, receive_in_turn, send_in_turn)
        finally:
            turn.give_back()
            before_hashing.set(earlier)  # a caller in the same context must not call a function of this loop

    return in_turn


def queue_attempts(application: Application) -> Application:
    """Return an ASGI application in which only one posted password or code has a turn at the same time."""
    # Otherwise pages would wait for all the guesses that arrived before them.
    return _queue(application, 1, lambda method, path: method == "POST" and path in ATTEMPTS)


def queue_files(application: Application) -> Application:
    """Return an ASGI application in which at most ``FILES_AT_ONCE`` static files have a turn together."""
    # Otherwise each of a hundred clients that request a file would occupy a thread.
    return _queue(application, FILES_AT_ONCE, lambda _method, path: path.startswith(FILES))


def _queue(application: Application, at_once: int, is_meant: Callable[[str, str], bool]) -> Application:
    queued = take_turns(application, at_once, out_of_turn=())

    async def in_queue(scope: Message, receive: Receive, send: Send) -> None:
        is_queued = is_meant(scope.get("method", ""), scope.get("path", ""))
        await (queued if is_queued else application)(scope, receive, send)

    return in_queue


def _end_before_hashing(turn: _Turn) -> Callable[[], None]:
    """Return a function to call before a hash. It ends ``turn`` and the earlier turns of the request."""
    loop, end_others = asyncio.get_running_loop(), before_hashing.get()

    def end() -> None:
        end_others()
        loop.call_soon_threadsafe(turn.give_back)

    return end


class _Turn:
    """The turn of one request. The worker works on the request only after the turn has begun."""

    __slots__ = ("_is_taken", "_timer", "_turns")

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns, self._is_taken = turns, False
        self._timer: asyncio.TimerHandle | None = None

    async def take(self) -> None:
        """Wait until the turn begins. If the turn has already begun or ended, do nothing."""
        if self._is_taken:
            return
        self._is_taken = True
        await self._turns.acquire()
        self._timer = asyncio.get_running_loop().call_later(PATIENCE, self.give_back)

    def give_back(self) -> None:
        """End the turn, so that another request can begin. If the request has no turn now, do nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._turns.release()
