"""One trip of a browser to AuthKit and back: PKCE, and a state that only this browser can use, once (W9)."""

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
"""In the session: the trips that are under way, by state."""
LIFETIME = 600
"""Seconds that a trip may take."""
MOST = 5
"""Trips at once, as somebody may have several tabs open; an older one is forgotten."""
SIGN_IN, PROOF, SWITCH, CLAIM = "sign-in", "proof", "switch", "claim"

ERRORS = {
    "access_denied": "denied",
    "user_not_found": "unknown",
    "no_users": "unknown",
    "server_error": "outage",
    "temporarily_unavailable": "outage",
}
"""The page for what AuthKit calls an error."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A trip that came back in time, in the browser it began in; ``next_url`` is of this hub.

    It has proved that sign-in works while ``public_url`` is in force.
    """

    purpose: str
    code_verifier: str
    next_url: str
    public_url: str = ""  # which a trip that began before an upgrade does not say


def begin(
    request: HttpRequest,
    credentials: Credentials,
    *,
    purpose: str,
    next_url: str = "",
    public_url: str | None = None,
    **options: Any,
) -> HttpResponse:
    """Send the browser to AuthKit; raise ``Unavailable`` where it could not come back with success.

    It comes back to the public URL: that in force, or another one that is about to be. ``options`` are
    further parameters of WorkOS's authorization endpoint.
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
    with _under_way(request) as trips:
        for state in list(trips)[: 1 - MOST]:
            del trips[state]
        trips[link["state"]] = trip
    return _leave(request, link["url"])


def _leave(request: HttpRequest, url: str) -> HttpResponse:
    """Send the browser away; from a form by way of a page, as ``form-action`` rules redirects too (W2)."""
    is_form = request.method == "POST"
    page = render(request, "auth/leaving.html", {"url": url}) if is_form else HttpResponseRedirect(url)
    add_never_cache_headers(page)
    return page


def take(request: HttpRequest) -> Trip | None:
    """Return the trip that this request ends, which no other request can take again."""
    with _under_way(request) as trips:
        found = trips.pop(request.GET.get("state", ""), None)
    if found is None or time.time() - found.pop("began") > LIFETIME:
        return None
    return Trip(**found)


@contextlib.contextmanager
def _under_way(request: HttpRequest) -> Iterator[dict[str, Any]]:
    """Yield the trips of this browser as the database has them, and store what becomes of them.

    What this request has loaded may be old: of two that end one trip at once, the second must find none,
    and one that begins another trip meanwhile must bring none back. So the session is stored here, under
    the lock, and not once more when the request ends.
    """
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
                session.flush()  # what was loaded of one that is gone must not come back with it
            session[PENDING] = trips
            session.save()
            session.modified = is_modified or row is None  # a new one's cookie is still to be set


def redeem(request: HttpRequest, trip: Trip, credentials: Credentials) -> Grant:
    """Return what the code that came back grants; raise ``WorkOSTrouble``, also where an error came back."""
    if "code" not in request.GET:
        error = request.GET.get("error", "")
        raise NotAdmitted(ERRORS[error]) if error in ERRORS else StepMissing("AuthKit gave no code")
    return get_client(credentials).exchange(
        request.GET.get("code", ""),
        trip.code_verifier,
        ip_address=str(request.META.get("REMOTE_ADDR", "")),
        user_agent=request.headers.get("User-Agent", "")[:500],
    )


def callback_url(request: HttpRequest, public_url: str | None = None) -> str:
    """Return the redirect URI: where sign-in comes back to under the public URL, or another one."""
    return absolute(request, reverse("callback"), public_url)


def absolute(request: HttpRequest, path: str, public_url: str | None = None) -> str:
    """Return the address of ``path`` under the public URL; where there is none, as the browser sees it."""
    origin = get_config().public_url if public_url is None else public_url
    return urljoin(origin or f"{request.scheme}://{request.get_host()}", path)


def to_register(request: HttpRequest, public_url: str | None = None) -> list[dict[str, str]]:
    """Return what has to be registered at WorkOS: ``title`` and ``text``."""
    names = {"callback": "Redirect URI to register at WorkOS", "signed-out": "Sign-out redirect there"}
    return [
        {"title": title, "text": absolute(request, reverse(name), public_url)}
        for name, title in names.items()
    ]


def comes_back(request: HttpRequest, public_url: str) -> bool:
    """Tell whether a trip that this browser begins ends where its session is, and so can be completed."""
    return not public_url or is_at(request, public_url)


def same_origin(request: HttpRequest, url: str | None) -> str:
    """Return ``url`` where it stays on this hub, and else nothing."""
    safe = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if url and safe else ""
