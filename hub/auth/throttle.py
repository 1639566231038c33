"""The limits on failed sign-ins, counted with django-axes.

The database counts the failures of each account and of each IP address, for all processes together. After too
many failures, a person must wait. No account is locked for ever. In a browser in which a person has signed in
before, only the failures from this browser count.
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
"""The number of failures after which a person must wait.

There are three limits. The first counts the failures of one account from one IP address. The second counts
all failures from one IP address. The third counts all failures of one account.
"""
IN_A_KNOWN_BROWSER: Mapping[tuple[str, ...], int] = {("username",): 5}
"""The only limit in a browser in which the person has signed in before."""
WRONG_TOKENS: Mapping[tuple[str, ...], int] = {("ip_address",): 20}
"""The limit for wrong setup tokens, and for wrong recovery codes, from one IP address.

People at other addresses need not wait, so strangers cannot block the owner.
"""
SETUP_TOKEN = "(setup token)"  # noqa: S105 - wrong tokens are counted under this name
RECOVERY_CODE = "(recovery code)"
"""Wrong recovery codes are counted under this name."""
WITHOUT_ACCOUNT = {SETUP_TOKEN, RECOVERY_CODE}
"""The names that replace the name of an account for attempts that belong to no account."""
NO_ADDRESS = "(no e-mail address)"
LONGEST = 255
"""The longest account name that django-axes stores, in characters."""
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


def refuse(_request: HttpRequest, page: HttpResponse, _credentials: Credentials) -> HttpResponse:
    """Set status 429 and the header ``Retry-After`` (RFC 6585) on ``page``, and return ``page``."""
    page.status_code = 429
    page["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
    return page


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


def too_many() -> str:
    """Return the message that tells a person to wait."""
    minutes = settings.AXES_COOLOFF_TIME.total_seconds() // 60
    return f"Too many failed attempts. Wait {minutes:.0f} minutes, then try again."


class SignInThrottle(AxesDatabaseHandler):
    """django-axes' handler, with a separate limit for each combination of columns."""

    def user_login_failed(
        self, sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> None:
        """Count a failure without storing the posted form, which can contain passwords."""
        with _nothing_posted(request):
            super().user_login_failed(sender, credentials, request, **kwargs)

    def get_failures(self, request: HttpRequest, credentials: Credentials = None) -> int:
        """Return 1 if a limit is reached. Otherwise, return 0.

        ``AXES_FAILURE_LIMIT`` is 1, so django-axes makes the person wait if this method returns 1.
        """
        limits = _limits(request, credentials).values()
        attempts = self.get_user_attempts(request, credentials)
        return int(any(_total(a) >= limit for a, limit in zip(attempts, limits, strict=True)))

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


def _total(attempts: QuerySet[AccessAttempt]) -> int:
    total: int | None = attempts.aggregate(total=Sum("failures_since_start"))["total"]
    return total or 0
