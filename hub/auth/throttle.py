"""How often somebody may get a password wrong (requirement W5), with django-axes.

Counted is by account and by address, in the database, for all processes. Whoever guesses waits; nobody is
locked out for good, and in a browser where a person has signed in before only its own mistakes count.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse, QueryDict

from config_app.fields import canonical_email
from hub.auth.browsers import known_browser

Credentials = dict[str, Any] | None

LIMITS: Mapping[tuple[str, ...], int] = {
    ("username", "ip_address"): 5,
    ("ip_address",): 20,
    ("username",): 50,
}
"""Failures after which one has to wait, by what they have in common."""
IN_A_KNOWN_BROWSER: Mapping[tuple[str, ...], int] = {("username",): 5}
WRONG_TOKENS: Mapping[tuple[str, ...], int] = {("ip_address",): 20}
"""The same for setup tokens, which belong to no account: strangers elsewhere hold nobody up."""
SETUP_TOKEN = "(setup token)"  # noqa: S105 - what stands for an account, in the log too
NO_ADDRESS = "(no e-mail address)"
LONGEST = 255
"""Characters that django-axes keeps of it."""
IPV6_NETWORK = 64
"""What one subscriber has to choose addresses from (RFC 6177); counting each by itself counts nothing."""


def parameters(request: HttpRequest, credentials: Credentials = None) -> list[list[str]]:
    """Return what failures are counted by."""
    return [list(common) for common in _limits(request, credentials)]


def _limits(request: HttpRequest, credentials: Credentials) -> Mapping[tuple[str, ...], int]:
    if (credentials or {}).get("username") == SETUP_TOKEN:
        return WRONG_TOKENS
    return IN_A_KNOWN_BROWSER if known_browser(request, _email(credentials)) else LIMITS


def account(request: HttpRequest, credentials: Credentials = None) -> str:
    """Return whose failures these are: those of an account, or of it in one known browser."""
    if (credentials or {}).get("username") == SETUP_TOKEN:
        return SETUP_TOKEN
    email = _email(credentials)
    return f"{known_browser(request, email)} {email}".strip()[:LONGEST]


def _email(credentials: Credentials) -> str:
    """Return the account in one spelling; nothing of what is no address, as it may be a password."""
    return canonical_email(str((credentials or {}).get("username") or "").strip()) or NO_ADDRESS


def client_network(request: HttpRequest) -> str | None:
    """Return the address, or the network of an IPv6 address, that an attempt comes from."""
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((int(address), IPV6_NETWORK), strict=False).network_address)


def describe(username: str, _ip: str, _agent: str, _path: str, request: HttpRequest) -> str:
    """Return who it is for the log."""
    return f"{username} from {request.META.get('REMOTE_ADDR', 'an unknown address')}"


def refuse(_request: HttpRequest, page: HttpResponse, _credentials: Credentials) -> HttpResponse:
    """Turn the sign-in page, which says why, into a refusal (RFC 6585)."""
    page.status_code = 429
    page["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
    return page


def holds(request: HttpRequest) -> bool:
    """Tell whether the attempt that came with this request was refused, or is the last one for now."""
    return bool(getattr(request, "axes_locked_out", False))


def count_wrong_token(request: HttpRequest) -> bool:
    """Count a wrong setup token by its address; tell whether that has to wait, and is refused so."""
    tried = {"username": SETUP_TOKEN}
    if AxesProxyHandler.is_allowed(request, tried):
        AxesProxyHandler.user_login_failed(None, tried, request)
    else:
        request.axes_locked_out = True  # type: ignore[attr-defined]  # what django-axes' middleware looks at
    return holds(request)


def too_many() -> str:
    """Return what is said to whoever has to wait."""
    minutes = settings.AXES_COOLOFF_TIME.total_seconds() // 60
    return f"Too many failed attempts. Wait {minutes:.0f} minutes, then try again."


class SignInThrottle(AxesDatabaseHandler):
    """django-axes' counting, with a limit for each thing that failures may have in common."""

    def user_login_failed(
        self, sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> None:
        """Count a failure and keep nothing of the form, in which a password may come with other secrets."""
        with _nothing_posted(request):
            super().user_login_failed(sender, credentials, request, **kwargs)

    def get_failures(self, request: HttpRequest, credentials: Credentials = None) -> int:
        """Return 1 where a limit is reached, or else 0; ``AXES_FAILURE_LIMIT`` is 1."""
        limits = _limits(request, credentials).values()
        attempts = self.get_user_attempts(request, credentials)
        return int(any(_total(a) >= limit for a, limit in zip(attempts, limits, strict=True)))

    def reset_user_attempts(self, request: HttpRequest, credentials: Credentials = None) -> int:
        """Forget this account's failures from this address.

        Not all of the address, or whoever has an account too could go on guessing after signing in.
        """
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


def _total(attempts: QuerySet[AccessAttempt]) -> int:
    total: int | None = attempts.aggregate(total=Sum("failures_since_start"))["total"]
    return total or 0
