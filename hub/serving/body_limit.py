"""An ASGI layer. It refuses bodies that are too large, and bodies whose length is given in two ways."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Awaitable, Callable

from asgiref.sync import sync_to_async
from django.db import DatabaseError, connections

from hub.responses.bare_responses import Application, Headers, Message, Receive, Send

TOO_LARGE = 413
NOT_SIGNED_IN = TOO_LARGE, b"The request is too large. Sign in first, or enter the setup token.\n"
UNAVAILABLE = 503, b"The hub cannot read its database, so it accepts no large request.\n"
TWO_LENGTHS = 400, b"The request gives the length of its body in two ways.\n"
STRANGERS_LIMIT = 65_536
"""The largest allowed body in bytes, if the client has neither signed in nor entered the setup token."""
LINGER = 5.0
"""The hub reads the rest of a refused body for at most this many seconds, then closes the connection."""


@dataclasses.dataclass(frozen=True, slots=True)
class Limit:
    """The largest allowed body in bytes, and the text of the answer to a larger body."""

    size: int
    refusal: bytes = b"The request is too large.\n"


class RefusedBody(Exception):
    """Raised to refuse the body of a request. ``status`` and ``text`` are the answer to the client."""

    def __init__(self, refusal: tuple[int, bytes], *, more_comes: bool = True) -> None:
        """Store the answer (a status and a text). ``more_comes`` is true if the client is still sending."""
        super().__init__()
        self.status, self.text = refusal
        self.more_comes = more_comes


IsKnown = Callable[[Message], Awaitable[bool]]


def limit_bodies(
    application: Application,
    limit: int,
    is_known: IsKnown,
    limit_of: Callable[[str], Limit | None] = lambda _path: None,
) -> Application:
    """Return an ASGI application that calls ``application`` for requests with acceptable bodies.

    The new application answers 413 if a body is too large. The limit is ``limit_of(path)``, or ``limit``
    bytes if ``limit_of`` returns ``None``. If ``is_known(scope)`` is false, no body may have more than
    ``STRANGERS_LIMIT`` bytes. The answer is 503 if ``is_known`` raises ``DatabaseError``. The answer is 400
    if a request gives the length of its body in two ways.
    """

    async def limited(scope: Message, receive: Receive, send: Send) -> None:
        try:
            # This comes before Django, which under ASGI writes the whole body to a temporary file first.
            most = limit_of(scope.get("path", "")) or Limit(limit)
            body = _Body(scope, most, is_known)
            await body.check(_declared(scope))
            await application(scope, body.counting(receive), send)
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
    """Read the rest of the body for at most ``LINGER`` seconds, and throw the bytes away."""
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


class _Body:
    """Counts the bytes of one request's body, and refuses the body if it is too large."""

    def __init__(self, scope: Message, limit: Limit, is_known: IsKnown) -> None:
        self._scope, self._limit, self._is_known = scope, limit, is_known
        self._received = 0
        self._may_be_large = False

    def counting(self, receive: Receive) -> Receive:
        """Return a function like ``receive`` that raises ``RefusedBody`` when too many bytes have arrived."""

        async def counted() -> Message:
            message: Message = await receive()
            self._received += len(message.get("body", b""))
            await self.check(self._received, more_comes=message.get("more_body", False))
            return message

        return counted

    async def check(self, size: int, *, more_comes: bool = True) -> None:
        """Raise ``RefusedBody`` if a body of ``size`` bytes is too large for this request.

        Also raise ``RefusedBody`` if the hub cannot find out whether the client has signed in.
        """
        if size > self._limit.size:
            raise RefusedBody((TOO_LARGE, self._limit.refusal), more_comes=more_comes)
        if size > STRANGERS_LIMIT and not self._may_be_large:
            try:
                self._may_be_large = await self._is_known(self._scope)
            except DatabaseError:
                raise RefusedBody(UNAVAILABLE, more_comes=more_comes) from None
            if not self._may_be_large:
                raise RefusedBody(NOT_SIGNED_IN, more_comes=more_comes)


_one_at_a_time = asyncio.Semaphore(1)


async def is_signed_in(scope: Message) -> bool:
    """Return whether the client has signed in or entered the setup token.

    Raise ``DatabaseError`` if the database cannot be read.
    """
    cookies = b"; ".join(value for name, value in scope.get("headers", []) if name == b"cookie")
    if not cookies:
        return False
    # Otherwise strangers with invented cookies could make the worker open many threads and connections.
    async with _one_at_a_time:
        return await sync_to_async(_has_known_session, thread_sensitive=False)(cookies.decode("latin-1"))


def _has_known_session(cookies: str) -> bool:
    from hub.auth.live_sessions import is_known  # only when the apps are loaded
    from hub.middleware.cookies import session_keys

    try:
        return any(map(is_known, session_keys(cookies)))
    finally:
        connections.close_all()  # this thread does not end with the request
