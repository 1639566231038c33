"""Requests take turns: a worker computes a few of them at a time, so that each is done the sooner.

Under ASGI, Django gives every request a thread of its own. Of threads that compute, Python runs one at
a time, and the more there are, the more of its time goes into changing from one to the next.
"""

from __future__ import annotations

import asyncio

from hub.responses.bare_responses import Application, Message, Receive, Send

AT_ONCE = 2
"""Requests that a worker computes at once: while one waits for the database, the other goes on."""
OUT_OF_TURN = "/health/"
"""Monitors ask here; one that gets no answer in time takes the hub for dead."""
PATIENCE = 0.25
"""Seconds after which a request is taken to wait for somebody else, and its turn is over."""


def take_turns(application: Application) -> Application:
    """Return ``application``, which computes the answers to ``AT_ONCE`` requests at a time.

    A turn begins when the request has been received and ends when its response starts, or after ``PATIENCE``:
    slow clients, streams and requests that wait for another server hold up nobody.
    """
    turns = asyncio.Semaphore(AT_ONCE)

    async def in_turn(scope: Message, receive: Receive, send: Send) -> None:
        if scope.get("path", "").startswith(OUT_OF_TURN):
            await application(scope, receive, send)
            return
        turn = _Turn(turns)

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

    return in_turn


class _Turn:
    """What one request has while it is worked on."""

    __slots__ = ("_is_taken", "_timer", "_turns")

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns, self._is_taken = turns, False
        self._timer: asyncio.TimerHandle | None = None

    async def take(self) -> None:
        """Wait for a turn; there is one for each request, however often it is asked for."""
        if self._is_taken:
            return
        self._is_taken = True
        await self._turns.acquire()
        self._timer = asyncio.get_running_loop().call_later(PATIENCE, self.give_back)

    def give_back(self) -> None:
        """Let another request have the turn, where this one still has it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._turns.release()
