"""One trip of a browser to AuthKit and back: PKCE, and a state that only this browser can use, once (W9)."""

from __future__ import annotations

import dataclasses
import time
from typing import Any
from urllib.parse import urljoin

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme

from hub.runtime_config import get_config
from hub.workos.client import get_client
from hub.workos.credentials import Credentials
from hub.workos.errors import NotAdmitted, StepMissing
from hub.workos.grants import Grant

PENDING = "workos_round_trips"
"""In the session: the trips that are under way, by state."""
LIFETIME = 600
"""Seconds that a trip may take."""
MOST = 5
"""Trips at once, as somebody may have several tabs open; an older one is forgotten."""
SIGN_IN, SWITCH, CLAIM = "sign-in", "switch", "claim"

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
    """A trip that came back in time, in the browser it began in; ``next_url`` is of this hub."""

    purpose: str
    code_verifier: str
    next_url: str


def begin(
    request: HttpRequest, credentials: Credentials, *, purpose: str, next_url: str = "", **options: Any
) -> HttpResponse:
    """Send the browser to AuthKit; raise ``Unavailable`` where it could not come back with success.

    ``options`` are further parameters of WorkOS's authorization endpoint.
    """
    client = get_client(credentials)
    client.keys.check()
    options = {name: value for name, value in options.items() if value}
    link = client.authorization_url(callback_url(request), **options)
    trip = {
        "purpose": purpose,
        "code_verifier": link["code_verifier"],
        "next_url": next_url,
        "began": time.time(),
    }
    under_way = list(request.session.get(PENDING, {}).items())[1 - MOST :]
    request.session[PENDING] = {**dict(under_way), link["state"]: trip}
    return _leave(request, link["url"])


def _leave(request: HttpRequest, url: str) -> HttpResponse:
    """Send the browser away; from a form by way of a page, as ``form-action`` rules redirects too (W2)."""
    is_form = request.method == "POST"
    page = render(request, "auth/leaving.html", {"url": url}) if is_form else HttpResponseRedirect(url)
    add_never_cache_headers(page)
    return page


def take(request: HttpRequest) -> Trip | None:
    """Return the trip that this request ends, which no other request can take again."""
    under_way = dict(request.session.get(PENDING, {}))
    found = under_way.pop(request.GET.get("state", ""), None)
    if found is None:
        return None
    request.session[PENDING] = under_way
    request.session.save()
    if time.time() - found.pop("began") > LIFETIME:
        return None
    return Trip(**found)


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


def callback_url(request: HttpRequest) -> str:
    """Return the redirect URI to register at WorkOS, under the address that people open."""
    return absolute(request, reverse("callback"))


def absolute(request: HttpRequest, path: str) -> str:
    """Return the address of ``path`` as the browser sees it.

    A form says which of its own origins the hub was opened under (its Origin header is checked against
    forgery already); else it is the public URL, where there is one.
    """
    origins = _origins(request)
    said = request.headers.get("Origin", "")
    return urljoin(said if said in origins else origins[0], path)


def to_register(request: HttpRequest) -> list[dict[str, str]]:
    """Return what has to be registered at WorkOS: ``title`` and ``text``."""
    names = {"callback": "Redirect URI to register at WorkOS", "signed-out": "Sign-out redirect there"}
    return [
        {"title": title, "text": urljoin(origin, reverse(name))}
        for name, title in names.items()
        for origin in _origins(request)
    ]


def _origins(request: HttpRequest) -> list[str]:
    """Return the public URL, where there is one, and the origin of this request."""
    own = f"{request.scheme}://{request.get_host()}"
    return list(dict.fromkeys(filter(None, (get_config().public_url, own))))


def same_origin(request: HttpRequest, url: str | None) -> str:
    """Return ``url`` where it stays on this hub, and else nothing."""
    safe = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if url and safe else ""
