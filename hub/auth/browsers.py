"""A signed cookie that marks browsers in which a person has signed in before.

In a marked browser, only the wrong passwords from this browser count. So an attacker who guesses passwords in
another browser cannot lock out the owner of the account. OWASP's authentication cheat sheet calls such a
cookie a device cookie.
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
    """Return the random name of this browser if the owner of ``email`` has signed in there before.

    Otherwise, return an empty text.
    """
    try:
        owner, name = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=REMEMBERED)
    except signing.BadSignature:
        return ""
    return str(name) if owner == email else ""


def remember(response: HttpResponse, email: str) -> None:
    """Set the cookie that marks the browser: the owner of ``email`` has signed in there."""
    value = signing.dumps([email, secrets.token_hex(8)], salt=SALT)
    response.set_cookie(COOKIE, value, max_age=REMEMBERED, httponly=True, samesite="Lax")
