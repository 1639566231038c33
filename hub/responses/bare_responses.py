"""Security headers for responses that do not pass through Django's middleware."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from django.conf import settings

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

POLICY = b"content-security-policy"


def headers() -> Headers:
    """Return the content security policy and the other security headers from Django's settings."""
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    policy = "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())
    return [
        (POLICY, policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", settings.X_FRAME_OPTIONS.encode()),
        (b"referrer-policy", settings.SECURE_REFERRER_POLICY.encode()),
        (b"cross-origin-opener-policy", settings.SECURE_CROSS_ORIGIN_OPENER_POLICY.encode()),
    ]


def completed(found: Iterable[tuple[bytes, bytes]], more: Headers) -> Headers:
    """Return the headers ``found`` as a list. Without a policy, add the security headers and ``more``."""
    found = list(found)
    return found if any(name.lower() == POLICY for name, _ in found) else [*found, *headers(), *more]


def never_bare(application: Application, more: Callable[[Message], Headers]) -> Application:
    """Return an ASGI application that adds security headers to the responses of ``application``.

    ``more(scope)`` returns further headers. A response that already has a Content Security Policy stays
    unchanged.
    """
    # Django refuses some requests before they reach the middleware.

    async def complete(scope: Message, receive: Receive, send: Send) -> None:
        async def send_complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = message | {"headers": completed(message.get("headers", []), more(scope))}
            await send(message)

        await application(scope, receive, send_complete)

    return complete
