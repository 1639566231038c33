"""Requests with a body that is larger than any form of the hub, or whose end is unclear, are refused.

Under ASGI, Django writes the whole body to a temporary file before it looks at the request. One that gives
its length in two ways may end elsewhere for a proxy in front, which could then be made to pass on another
request as part of it (RFC 9112, section 6.1).
"""

from __future__ import annotations

import asyncio
import contextlib

from hub.responses.bare_responses import Application, Headers, Message, Receive, Send

TOO_LARGE = 413, b"The request is too large.\n"
TWO_LENGTHS = 400, b"The request gives the length of its body in two ways.\n"
LINGER = 5.0
"""Seconds, at most, for which the rest of a refused body is taken before the connection is closed."""


class RefusedBody(Exception):
    """What came is not taken."""

    def __init__(self, refusal: tuple[int, bytes], *, more_comes: bool = True) -> None:
        """Keep the status and text of the answer, and whether the client is still sending."""
        super().__init__()
        self.status, self.text = refusal
        self.more_comes = more_comes


def limit_bodies(application: Application, limit: int) -> Application:
    """Return ``application``, which answers 413 where a body has more than ``limit`` bytes.

    Where it says in two ways how many there are, the answer is 400.
    """

    async def limited(scope: Message, receive: Receive, send: Send) -> None:
        try:
            _check(_declared(scope), limit)
            await application(scope, _counting(receive, limit), send)
        except RefusedBody as refused:
            headers = _headers(refused.text)
            await send({"type": "http.response.start", "status": refused.status, "headers": headers})
            await send({"type": "http.response.body", "body": refused.text, "more_body": True})
            if refused.more_comes:
                await _discard(receive)
            await send({"type": "http.response.body"})

    return limited


def _headers(text: bytes) -> Headers:
    length = str(len(text)).encode()
    return [(b"content-type", b"text/plain"), (b"content-length", length), (b"connection", b"close")]


async def _discard(receive: Receive) -> None:
    """Take what still comes: closed on unread bytes, TCP would reset the connection and lose the answer.

    RFC 9112, section 9.6, describes this.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            while (await receive()).get("more_body"):
                pass


def _declared(scope: Message) -> int:
    headers = dict(scope.get("headers", []))
    if b"transfer-encoding" in headers and b"content-length" in headers:
        raise RefusedBody(TWO_LENGTHS)
    return int(headers.get(b"content-length", b"0"))


def _counting(receive: Receive, limit: int) -> Receive:
    received = 0

    async def counted() -> Message:
        nonlocal received
        message: Message = await receive()
        received += len(message.get("body", b""))
        _check(received, limit, more_comes=message.get("more_body", False))
        return message

    return counted


def _check(size: int, limit: int, *, more_comes: bool = True) -> None:
    if size > limit:
        raise RefusedBody(TOO_LARGE, more_comes=more_comes)
