"""The round trip of a browser to AuthKit and back, with PKCE.

Only the browser that began a round trip can complete the round trip. No round trip can be completed twice.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme

from hub.network.arrival import is_at
from hub.runtime_config import get_config
from hub.workos.remote.client import get_client
from hub.workos.remote.credentials import Credentials
from hub.workos.remote.errors import NotAdmitted, StepMissing
from hub.workos.remote.grants import Grant

PENDING = "workos_round_trips"
"""The key in ``request.session`` for a dict that maps OAuth states to unfinished round trips."""
LIFETIME = 600
"""The time limit of a round trip, in seconds."""
MAX_TRIPS = 5
"""A browser can have this many unfinished round trips. A further round trip replaces the oldest one."""
SIGN_IN, PROOF, SWITCH, CLAIM = "sign-in", "proof", "switch", "claim"

ERRORS = {
    "access_denied": "denied",
    "user_not_found": "unknown",
    "no_users": "unknown",
    "server_error": "outage",
    "temporarily_unavailable": "outage",
}
"""A dict that maps each error code of AuthKit to the name of the page that explains the error."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A round trip that was completed in time, in the browser that began it.

    ``next_url`` is the URL on this hub to which the browser goes next. ``public_url`` is the public URL to
    which the browser came back. The round trip has proved that people can sign in under this public URL.
    """

    purpose: str
    code_verifier: str
    next_url: str
    public_url: str = ""  # missing if the round trip began before an upgrade of the hub


def begin(
    request: HttpRequest,
    credentials: Credentials,
    *,
    purpose: str,
    next_url: str = "",
    public_url: str | None = None,
    **options: Any,
) -> HttpResponse:
    """Return a response that sends the browser to AuthKit.

    AuthKit sends the browser back to ``public_url``. If ``public_url`` is ``None``, the current public URL is
    used. ``options`` are further parameters of WorkOS's authorization endpoint. Raise ``Unavailable`` if
    WorkOS does not answer.
    """
    client = get_client(credentials)
    client.keys.check()
    options = {name: value for name, value in options.items() if value}
    link = client.authorization_url(callback_url(request, public_url), **options)
    trip = {
        "purpose": purpose,
        "code_verifier": link["code_verifier"],
        "next_url": next_url,
        "public_url": get_config().public_url if public_url is None else public_url,
        "began": time.time(),
    }
    with _stored_trips(request) as trips:
        for state in list(trips)[: 1 - MAX_TRIPS]:
            del trips[state]
        trips[link["state"]] = trip
    return _redirect_away(request, link["url"])


def _redirect_away(request: HttpRequest, url: str) -> HttpResponse:
    """Return a redirect to ``url``. After a POST request, return a page with a link to ``url`` instead."""
    # The CSP directive ``form-action`` also blocks redirects after a form (W2).
    is_form = request.method == "POST"
    page = render(request, "auth/leaving.html", {"url": url}) if is_form else HttpResponseRedirect(url)
    add_never_cache_headers(page)
    return page


def pop_trip(request: HttpRequest) -> Trip | None:
    """Remove the round trip that this request completes, and return the round trip.

    Return ``None`` if the session has no such round trip, or if the round trip is older than ``LIFETIME``.
    """
    with _stored_trips(request) as trips:
        found = trips.pop(request.GET.get("state", ""), None)
    if found is None or time.time() - found.pop("began") > LIFETIME:
        return None
    return Trip(**found)


@contextlib.contextmanager
def _stored_trips(request: HttpRequest) -> Iterator[dict[str, Any]]:
    """Lock the session, and yield a dict with the unfinished round trips of this browser.

    If the caller has changed the dict, save the dict in the session.
    """
    # The session that this request has loaded may be out of date. If two requests complete the same round
    # trip, the second request must not find it. If a third request begins another round trip at this moment,
    # it must not store the completed one again.
    session = request.session
    key, is_modified = session.session_key or "", session.modified
    with transaction.atomic():
        rows = Session.objects.select_for_update().filter(expire_date__gt=timezone.now())
        row = rows.filter(session_key=key).first()
        before = row.get_decoded().get(PENDING, {}) if row else {}
        trips = dict(before)
        yield trips
        if trips != before:
            if row is None:
                session.flush()  # the session was deleted meanwhile: do not save its old content again
            if not session.keys() - {PENDING}:  # only to sign in, so it need not live for two weeks
                session.set_expiry(LIFETIME)
            session[PENDING] = trips
            session.save()
            # Do not save the session again at the end of the request, unless its new cookie must be set.
            session.modified = is_modified or row is None


def redeem(request: HttpRequest, trip: Trip, credentials: Credentials) -> Grant:
    """Exchange the authorization code in this request for a grant, and return the grant.

    Raise ``WorkOSTrouble`` if AuthKit sent an error instead of a code, or if WorkOS does not accept the code.
    """
    if "code" not in request.GET:
        error = request.GET.get("error", "")
        raise NotAdmitted(ERRORS[error]) if error in ERRORS else StepMissing("AuthKit sent no code")
    return get_client(credentials).exchange(
        request.GET.get("code", ""),
        trip.code_verifier,
        ip_address=str(request.META.get("REMOTE_ADDR", "")),
        user_agent=request.headers.get("User-Agent", "")[:500],
    )


def callback_url(request: HttpRequest, public_url: str | None = None) -> str:
    """Return the redirect URI under ``public_url``; the default is the current public URL."""
    return absolute(request, reverse("callback"), public_url)


def absolute(request: HttpRequest, path: str, public_url: str | None = None) -> str:
    """Return the absolute URL of ``path`` under ``public_url``; the default is the current public URL.

    If the public URL is empty, use the origin of the request.
    """
    origin = get_config().public_url if public_url is None else public_url
    return urljoin(origin or f"{request.scheme}://{request.get_host()}", path)


def to_register(request: HttpRequest, public_url: str | None = None) -> list[dict[str, str]]:
    """Return the URLs that must be registered at WorkOS.

    Each URL is a dict. ``title`` is the name of the URL, and ``text`` is the URL itself.
    """
    names = {
        "callback": "Redirect URI to register at WorkOS",
        "signed-out": "Sign-out redirect to register at WorkOS",
    }
    return [
        {"title": title, "text": absolute(request, reverse(name), public_url)}
        for name, title in names.items()
    ]


def comes_back(request: HttpRequest, public_url: str) -> bool:
    """Return whether AuthKit would send the browser back to the origin of this request."""
    # The browser sends its session cookie only to this origin, and without the cookie the round trip fails.
    return not public_url or is_at(request, public_url)


def same_origin(request: HttpRequest, url: str | None) -> str:
    """Return ``url`` if ``url`` leads to this hub. Otherwise return an empty text."""
    safe = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if url and safe else ""
