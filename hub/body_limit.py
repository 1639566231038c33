"""Requests with a body larger than any form of the hub are refused before they can fill the disk.

Under ASGI, Django writes the whole body to a temporary file before it looks at the request.
"""

from __future__ import annotations

import asyncio
import contextlib

from hub.bare_responses import Application, Message, Receive, Send

ANSWER = b"The request is too large.\n"
HEADERS = [
    (b"content-type", b"text/plain"),
    (b"content-length", str(len(ANSWER)).encode()),
    (b"connection", b"close"),
]
LINGER = 5.0
"""Seconds, at most, for which the rest of a refused body is taken before the connection is closed."""


class BodyTooLarge(Exception):
    """More came than the limit."""

    def __init__(self, *, more_comes: bool) -> None:
        """Keep whether the client is still sending."""
        super().__init__()
        self.more_comes = more_comes


def limit_bodies(application: Application, limit: int) -> Application:
    """Return ``application``, which answers 413 where a body has more than ``limit`` bytes."""

    async def limited(scope: Message, receive: Receive, send: Send) -> None:
        try:
            _check(_declared(scope), limit, more_comes=True)
            await application(scope, _counting(receive, limit), send)
        except BodyTooLarge as refused:
            await send({"type": "http.response.start", "status": 413, "headers": HEADERS})
            await send({"type": "http.response.body", "body": ANSWER, "more_body": True})
            if refused.more_comes:
                await _discard(receive)
            await send({"type": "http.response.body"})

    return limited


async def _discard(receive: Receive) -> None:
    """Take what still comes: closed on unread bytes, TCP would reset the connection and lose the answer.

    RFC 9112, section 9.6, describes this.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            while (await receive()).get("more_body"):
                pass


def _declared(scope: Message) -> int:
    lengths = (value for name, value in scope.get("headers", []) if name == b"content-length")
    return int(next(lengths, b"0"))


def _counting(receive: Receive, limit: int) -> Receive:
    received = 0

    async def counted() -> Message:
        nonlocal received
        message: Message = await receive()
        received += len(message.get("body", b""))
        _check(received, limit, more_comes=message.get("more_body", False))
        return message

    return counted


def _check(size: int, limit: int, *, more_comes: bool) -> None:
    if size > limit:
        raise BodyTooLarge(more_comes=more_comes)
