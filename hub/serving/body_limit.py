"""An ASGI layer that refuses a request if its body is too large, or if it states two body lengths."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable

from hub.responses.bare_responses import Application, Headers, Message, Receive, Send

TOO_LARGE = 413
TWO_LENGTHS = 400, b"The request gives the length of its body in two ways.\n"
LINGER = 5.0
"""The hub reads the rest of a refused body for at most this many seconds. Then it closes the connection."""


@dataclasses.dataclass(frozen=True, slots=True)
class Limit:
    """The largest body in bytes, and the text of the answer to a larger one."""

    size: int
    refusal: bytes = b"The request is too large.\n"


class RefusedBody(Exception):
    """The request body is refused."""

    def __init__(self, refusal: tuple[int, bytes], *, more_comes: bool = True) -> None:
        """Store the status and the text of the answer, and whether the client is still sending."""
        super().__init__()
        self.status, self.text = refusal
        self.more_comes = more_comes


def limit_bodies(
    application: Application, limit: int, limit_of: Callable[[str], Limit | None] = lambda _path: None
) -> Application:
    """Return an ASGI application that calls ``application`` for requests with acceptable bodies.

    It answers 413 if a body has more than ``limit`` bytes, and 400 if a request states the length of its body
    in two ways. For some paths, ``limit_of`` returns another limit; for all others, it returns ``None``.
    """

    async def limited(scope: Message, receive: Receive, send: Send) -> None:
        try:
            # This comes before Django, which under ASGI writes the whole body to a temporary file first.
            most = limit_of(scope.get("path", "")) or Limit(limit)
            _check(_declared(scope), most)
            await application(scope, _counting(receive, most), send)
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
    """Read and drop the rest of the body, for at most ``LINGER`` seconds."""
    # If the connection is closed with unread bytes, TCP resets it and the client may lose the answer
    # (RFC 9112, section 9.6).
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            while (await receive()).get("more_body"):
                pass


def _declared(scope: Message) -> int:
    headers = dict(scope.get("headers", []))
    # A proxy may use the other one of the two lengths. An attacker could then hide a second request in the
    # body (RFC 9112, section 6.1).
    if b"transfer-encoding" in headers and b"content-length" in headers:
        raise RefusedBody(TWO_LENGTHS)
    return int(headers.get(b"content-length", b"0"))


def _counting(receive: Receive, limit: Limit) -> Receive:
    received = 0

    async def counted() -> Message:
        nonlocal received
        message: Message = await receive()
        received += len(message.get("body", b""))
        _check(received, limit, more_comes=message.get("more_body", False))
        return message

    return counted


def _check(size: int, limit: Limit, *, more_comes: bool = True) -> None:
    if size > limit.size:
        raise RefusedBody((TOO_LARGE, limit.refusal), more_comes=more_comes)
