"""Browsers in which somebody has signed in before, known by a signed cookie of their own.

The wrong passwords of others do not count against them, so that nobody who keeps guessing an account's
password elsewhere keeps its owner out (the device cookies of OWASP's authentication cheat sheet).
"""

from __future__ import annotations

import datetime as dt
import secrets

from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE = "browser"
SALT = "hub.auth.browsers"
REMEMBERED = dt.timedelta(days=90)


def known_browser(request: HttpRequest, email: str) -> str:
    """Return the name of the browser where ``email`` has signed in in it, or else nothing."""
    try:
        owner, name = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=REMEMBERED)
    except signing.BadSignature:
        return ""
    return str(name) if owner == email else ""


def remember(response: HttpResponse, email: str) -> None:
    """Let the browser that gets this response be known from now on as one of ``email``'s."""
    value = signing.dumps([email, secrets.token_hex(8)], salt=SALT)
    response.set_cookie(COOKIE, value, max_age=REMEMBERED, httponly=True, samesite="Lax")
