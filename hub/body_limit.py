"""Requests with a body larger than any form of the hub are refused before they can fill the disk.

Under ASGI, Django writes the whole body to a temporary file before it looks at the request.
"""

from __future__ import annotations

from hub.bare_responses import Application, Message, Receive, Send

HEADERS = [(b"content-type", b"text/plain"), (b"connection", b"close")]


class BodyTooLarge(Exception):
    """More came than the limit."""


def limit_bodies(application: Application, limit: int) -> Application:
    """Return ``application``, which answers 413 where a body has more than ``limit`` bytes."""

    async def limited(scope: Message, receive: Receive, send: Send) -> None:
        try:
            _check(_declared(scope), limit)
            await application(scope, _counting(receive, limit), send)
        except BodyTooLarge:
            await send({"type": "http.response.start", "status": 413, "headers": HEADERS})
            await send({"type": "http.response.body", "body": b"The request is too large.\n"})

    return limited


def _declared(scope: Message) -> int:
    lengths = (value for name, value in scope.get("headers", []) if name == b"content-length")
    return int(next(lengths, b"0"))


def _counting(receive: Receive, limit: int) -> Receive:
    received = 0

    async def counted() -> Message:
        nonlocal received
        message: Message = await receive()
        received += len(message.get("body", b""))
        _check(received, limit)
        return message

    return counted


def _check(size: int, limit: int) -> None:
    if size > limit:
        raise BodyTooLarge
