"""Requests take turns: a worker computes a few of them at a time, so that each is done the sooner.

Under ASGI, Django gives every request a thread of its own. Of threads that compute, Python runs one at
a time, and the more there are, the more of its time goes into changing from one to the next.
"""

from __future__ import annotations

import asyncio

from hub.bare_responses import Application, Message, Receive, Send

AT_ONCE = 2
"""Requests that a worker computes at once: while one waits for the database, the other goes on."""
OUT_OF_TURN = "/health/"
"""Whoever asks here takes a hub that does not answer for a dead one."""
PATIENCE = 0.25
"""Seconds after which a request that has not been answered waits for somebody else, and its turn is over."""


def take_turns(application: Application, at_once: int = AT_ONCE, patience: float = PATIENCE) -> Application:
    """Return ``application``, which computes the answers to ``at_once`` requests at a time.

    A turn begins when the request has been received and ends when its response starts, or after ``patience``
    seconds: slow clients, streams and requests that wait for another server hold up nobody.
    """
    turns = asyncio.Semaphore(at_once)

    async def in_turn(scope: Message, receive: Receive, send: Send) -> None:
        if scope.get("path", "").startswith(OUT_OF_TURN):
            await application(scope, receive, send)
            return
        turn = _Turn(turns, patience)

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

    __slots__ = ("_patience", "_timer", "_turns")

    def __init__(self, turns: asyncio.Semaphore, patience: float) -> None:
        self._turns, self._patience = turns, patience
        self._timer: asyncio.TimerHandle | None = None

    async def take(self) -> None:
        """Wait for a turn."""
        await self._turns.acquire()
        self._timer = asyncio.get_running_loop().call_later(self._patience, self.give_back)

    def give_back(self) -> None:
        """Let another request have the turn, where this one still has it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._turns.release()
