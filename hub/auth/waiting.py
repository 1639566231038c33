"""The wait of a new browser while an account is under attack, or while too many people sign in.

If a browser must wait, it gets a signed cookie. After the wait, the hub checks one password from this
browser, even if the attack goes on. So strangers can delay the owner of an account, but never lock the owner
out. After a wrong password from a network, every browser in this network must wait again from the start. So
an attacker has one guess for each wait and each network.
"""

from __future__ import annotations

import datetime as dt
import time

from axes.models import AccessAttempt
from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE = "waiting"
SALT = "hub.auth.waiting"
SHORTEST, LONGEST = 60.0, 300.0
"""The shortest and the longest wait, in seconds."""
PER_NETWORK = 3.0
"""The wait is this many seconds for each network that guesses, but never outside the two limits.

Each network has one guess for each wait. So up to a hundred networks together make at most twenty guesses a
minute.
"""
USABLE = 600.0
"""After the wait, the cookie of a waiting browser stays valid for this many seconds."""


def length(networks: int) -> float:
    """Return how many seconds a new browser must wait while ``networks`` networks guess."""
    return min(max(SHORTEST, networks * PER_NETWORK), LONGEST)


def left(request: HttpRequest, network: str | None) -> float | None:
    """Return how many seconds the browser must still wait; 0 means that it has waited long enough.

    Return ``None`` if the browser has no valid cookie for ``network``. Also return ``None`` if a wrong
    password has come from ``network`` since the wait began.
    """
    try:
        holder, since, wait = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT)
    except signing.BadSignature:
        return None
    passed = time.time() - since
    if holder != network or not 0 <= passed <= wait + USABLE or _has_failed(network, since):
        return None
    return float(max(0.0, wait - passed))


def _has_failed(network: str | None, since: float) -> bool:
    began = dt.datetime.fromtimestamp(since, dt.UTC)
    return AccessAttempt.objects.filter(ip_address=network, attempt_time__gt=began).exists()


def begin(response: HttpResponse, network: str | None, seconds: float) -> None:
    """Let the browser wait for ``seconds`` from now on."""
    value = signing.dumps([network, time.time(), seconds], salt=SALT)
    response.set_cookie(COOKIE, value, max_age=int(seconds + USABLE), httponly=True, samesite="Lax")
