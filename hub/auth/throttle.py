"""The limits on failed sign-ins, counted with django-axes.

The database counts the failures of each account and of each IP address, for all processes together. After too
many failures, a person must wait. No account is locked for ever. In a browser in which a person has signed in
before, only the failures from this browser count. If many addresses guess the password of one account, a new
browser must wait. After the wait, it has one attempt (``hub.auth.waiting``).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import math
from collections.abc import Iterator, Mapping
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone

from config_app.fields import canonical_email
from hub.auth import waiting
from hub.auth.browsers import known_browser
from hub.auth.hashing import Rank

Credentials = dict[str, Any] | None

ACCOUNT = ("username",)
LIMITS: Mapping[tuple[str, ...], int] = {
    ("username", "ip_address"): 5,
    ("ip_address",): 20,
    ACCOUNT: 50,
}
"""The number of failures after which a person must wait.

There are three limits. The first counts the failures of one account from one IP address. The second counts
all failures from one IP address. The third counts all failures of one account. Strangers at
other addresses can block the owner only with the third limit. Therefore, if only the third limit is reached,
``hub.auth.waiting`` decides whether the person must wait.
"""
IN_A_KNOWN_BROWSER: Mapping[tuple[str, ...], int] = {ACCOUNT: 5}
"""The only limit in a browser in which the person has signed in before."""
WRONG_TOKENS: Mapping[tuple[str, ...], int] = {("ip_address",): 20}
"""The limit for wrong setup tokens, and for wrong recovery codes, from one IP address.

People at other addresses need not wait, so strangers cannot block the owner.
"""
SETUP_TOKEN = "(setup token)"  # noqa: S105 - wrong tokens are counted under this name
RECOVERY_CODE = "(recovery code)"
"""Wrong recovery codes are counted under this name."""
WITHOUT_ACCOUNT = {SETUP_TOKEN, RECOVERY_CODE}
"""Attempts that belong to no account are counted under these names."""
NO_ADDRESS = "(no e-mail address)"
GUESSING = "guessing_networks"
"""The attribute of a request that says how many networks guess the account's password."""
MINUTES_FROM = 100
"""A message gives a wait of more than this many seconds in minutes."""
LONGEST = 255
"""The longest account name that django-axes stores, in characters."""
AHEAD = dt.timedelta(minutes=1)
"""The clocks of two machines may differ by this much."""
IPV6_NETWORK = 64
"""The prefix length of an IPv6 network. All failures from one network are counted together.

A subscriber can use every address of such a network (RFC 6177). So a limit for each address would not help.
"""


def parameters(request: HttpRequest, credentials: Credentials = None) -> list[list[str]]:
    """Tell django-axes which failures to count together.

    Return lists of column names. If failures have equal values in all columns of a list, they count together.
    """
    return [list(common) for common in _limits(request, credentials)]


def _limits(request: HttpRequest, credentials: Credentials) -> Mapping[tuple[str, ...], int]:
    if (credentials or {}).get("username") in WITHOUT_ACCOUNT:
        return WRONG_TOKENS
    return IN_A_KNOWN_BROWSER if known_browser(request, _email(credentials)) else LIMITS


def account(request: HttpRequest, credentials: Credentials = None) -> str:
    """Return the account name with which django-axes stores a failure.

    The name is the e-mail address of the account. In a known browser, the name begins with the random name of
    the browser. For a setup token or a recovery code, the name is in ``WITHOUT_ACCOUNT``.
    """
    if (name := str((credentials or {}).get("username"))) in WITHOUT_ACCOUNT:
        return name
    email = _email(credentials)
    return f"{known_browser(request, email)} {email}".strip()[:LONGEST]


def _email(credentials: Credentials) -> str:
    """Return the normalized e-mail address. If the text is not an address, return ``NO_ADDRESS``."""
    # People sometimes type their password into the wrong field, so no other text is stored.
    return canonical_email(str((credentials or {}).get("username") or "").strip()) or NO_ADDRESS


def forget_failures(email: str) -> None:
    """Delete all failures of this account, whatever their addresses and browsers."""
    AccessAttempt.objects.filter(Q(username=email) | Q(username__endswith=f" {email}")).delete()


def client_network(request: HttpRequest) -> str | None:
    """Return the client's IPv4 address or IPv6 network. Return ``None`` if the client has no IP address."""
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((int(address), IPV6_NETWORK), strict=False).network_address)


def describe(username: str, _ip: str, _agent: str, _path: str, request: HttpRequest) -> str:
    """Return the account and the address of an attempt, for the log."""
    return f"{username} from {request.META.get('REMOTE_ADDR', 'an unknown address')}"


def refuse(request: HttpRequest, page: HttpResponse, _credentials: Credentials) -> HttpResponse:
    """Set status 429 and the header ``Retry-After`` (RFC 6585) on ``page``, and return ``page``."""
    page.status_code = 429
    page["Retry-After"] = str(math.ceil(seconds_to_wait(request)))
    if _is_attacked(request):
        _let_wait(request, page)
    return page


def postpone(request: HttpRequest, page: HttpResponse) -> HttpResponse:
    """Set status 503 on ``page``, because the password was not checked. Return ``page``.

    If this browser waits for the time in ``Retry-After``, its next attempt comes before the attempts of
    strangers who have not waited.
    """
    page.status_code = 503
    page["Retry-After"] = str(math.ceil(seconds_to_wait(request)))
    _let_wait(request, page)
    return page


def _let_wait(request: HttpRequest, page: HttpResponse) -> None:
    if waiting.left(request, client_network(request)) is None:
        waiting.begin(page, client_network(request), seconds_to_wait(request))


def seconds_to_wait(request: HttpRequest) -> float:
    """Return how many seconds the person must wait before the next attempt."""
    if holds(request) and not _is_attacked(request):
        return settings.AXES_COOLOFF_TIME.total_seconds()
    left = waiting.left(request, client_network(request))
    return waiting.length(getattr(request, GUESSING, 0)) if left is None else left


def _is_attacked(request: HttpRequest) -> bool:
    """Return whether the person must wait only because other addresses guess the account's password."""
    return hasattr(request, GUESSING)


def rank(request: HttpRequest | None, credentials: Credentials) -> Rank:
    """Return the rank of this attempt. The rank decides how soon the hub checks the password."""
    if request is None or request.user.is_authenticated or known_browser(request, _email(credentials)):
        return Rank.KNOWN
    return Rank.WAITED if waiting.left(request, client_network(request)) == 0 else Rank.STRANGER


def holds(request: HttpRequest) -> bool:
    """Return whether the person must wait now, because this attempt was refused or has reached a limit."""
    return bool(getattr(request, "axes_locked_out", False))


def count_wrong_token(request: HttpRequest) -> bool:
    """Count a wrong setup token for the client's IP address. Return whether the client must wait now."""
    return _count(request, SETUP_TOKEN)


def count_wrong_code(request: HttpRequest) -> bool:
    """Count a wrong recovery code for the client's IP address. Return whether the client must wait now."""
    return _count(request, RECOVERY_CODE)


def _count(request: HttpRequest, name: str) -> bool:
    tried = {"username": name}
    if AxesProxyHandler.is_allowed(request, tried):
        AxesProxyHandler.user_login_failed(None, tried, request)
    else:
        request.axes_locked_out = True  # type: ignore[attr-defined]  # read by django-axes' middleware
    return holds(request)


def too_many(request: HttpRequest) -> str:
    """Return the message that tells a person to wait."""
    seconds = seconds_to_wait(request)
    wait = f"{seconds / 60:.0f} minutes" if seconds > MINUTES_FROM else f"{math.ceil(seconds)} seconds"
    if not _is_attacked(request):
        return f"Too many failed attempts. Wait {wait}, then try again."
    return (
        "Too many wrong passwords were entered for this account from other places. This browser is new, so "
        f"wait {wait}, then try again. Then the hub checks your password, even if others still enter "
        "wrong passwords."
    )


class SignInThrottle(AxesDatabaseHandler):
    """django-axes' handler, with a separate limit for each combination of columns."""

    def user_login_failed(
        self, sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> None:
        """Count a failure without storing the posted form, which can contain passwords."""
        with _nothing_posted(request):
            super().user_login_failed(sender, credentials, request, **kwargs)

    def get_user_attempts(
        self, request: HttpRequest, credentials: Credentials = None
    ) -> list[QuerySet[AccessAttempt]]:
        """Return the failures of the last minutes, as one query for each limit."""
        attempts = super().get_user_attempts(request, credentials)
        return [found.exclude(in_the_future()) for found in attempts]

    def clean_expired_user_attempts(
        self, request: HttpRequest | None = None, credentials: Credentials = None
    ) -> int:
        """Delete the failures that no longer count. Return the number of deleted rows."""
        count, _ = AccessAttempt.objects.filter(in_the_future()).delete()
        return count + int(super().clean_expired_user_attempts(request, credentials))

    def get_failures(self, request: HttpRequest, credentials: Credentials = None) -> int:
        """Return 0 if the person may try a password now. Otherwise, return at least 1.

        ``AXES_FAILURE_LIMIT`` is 1, so django-axes makes the person wait if this method returns 1 or more.
        """
        limits = _limits(request, credentials)
        attempts = dict(zip(limits, self.get_user_attempts(request, credentials), strict=True))
        reached = [columns for columns, limit in limits.items() if _total(attempts[columns]) >= limit]
        if reached != [ACCOUNT] or limits is not LIMITS:
            return len(reached)
        if waiting.left(request, client_network(request)) == 0:
            return 0
        guessing = attempts[ACCOUNT].values("ip_address").distinct().count()
        setattr(request, GUESSING, guessing)
        return 1

    def reset_user_attempts(self, request: HttpRequest, credentials: Credentials = None) -> int:
        """Delete the failures of this account from this address. Return the number of deleted rows."""
        # Keep the address's failures with other accounts. Otherwise an attacker with an account could reset
        # the count by signing in.
        mine = {"username": account(request, credentials), "ip_address": client_network(request)}
        count, _ = AccessAttempt.objects.filter(**mine).delete()
        return count


@contextlib.contextmanager
def _nothing_posted(request: HttpRequest | None) -> Iterator[None]:
    if request is None:
        yield
        return
    posted, request.POST = request.POST, QueryDict()
    try:
        yield
    finally:
        request.POST = posted


def in_the_future() -> Q:
    """Return a filter for failures whose time has not come yet. They do not count.

    Such a failure was stored before a clock was set back. If the failure counted, the person would have to
    wait until the clock shows the time of the failure again.
    """
    return Q(attempt_time__gt=timezone.now() + AHEAD)


def _total(attempts: QuerySet[AccessAttempt]) -> int:
    total: int | None = attempts.aggregate(total=Sum("failures_since_start"))["total"]
    return total or 0
