"""Signing in and out through WorkOS.

``/auth/login`` redirects the browser to AuthKit. AuthKit redirects the browser back to ``/auth/callback``.
"""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from hub.auth import proof
from hub.models import User
from hub.runtime_config import WORKOS, RuntimeConfig, get_config
from hub.workos import pages, people, round_trip, verification
from hub.workos.remote import outage
from hub.workos.remote.client import get_client
from hub.workos.remote.credentials import credentials_in
from hub.workos.remote.errors import CredentialsRefused, NotAdmitted, WorkOSTrouble
from hub.workos.remote.grants import Grant
from hub.workos.round_trip import PROOF, SIGN_IN, SWITCH, Trip
from hub.workos.sessions import current


def start(request: HttpRequest) -> HttpResponse:
    """Send the browser to AuthKit. If the person is already signed in, redirect to ``next`` instead.

    With the query parameter ``fresh``, AuthKit asks a signed-in person for their credentials again, as proof
    of identity.
    """
    next_url = round_trip.same_origin(request, request.GET.get(REDIRECT_FIELD_NAME))
    is_proof = "fresh" in request.GET and request.user.is_authenticated
    if request.user.is_authenticated and not is_proof:
        return redirect(next_url or resolve_url("dashboard"))
    config = get_config()
    try:
        return round_trip.begin(
            request,
            credentials_in(config),
            purpose=PROOF if is_proof else SIGN_IN,
            next_url=next_url,
            organization_id=config.workos_organization_id,
            login_hint=request.user.get_username() if is_proof else None,
            max_age="0" if is_proof else None,
        )
    except WorkOSTrouble as trouble:
        return pages.explain(request, trouble, retry_url=login_url(next_url, is_fresh=is_proof))


def login_url(next_url: str = "", *, is_fresh: bool = False) -> str:
    """Return the URL that starts a sign-in. After the sign-in, the browser goes to ``next_url``.

    If ``is_fresh`` is true, AuthKit asks a signed-in person for their credentials again.
    """
    query = {"fresh": "1"} if is_fresh else {}
    if next_url:
        query[REDIRECT_FIELD_NAME] = next_url
    return f"{reverse('login')}?{urlencode(query)}" if query else reverse("login")


def proof_url() -> str:
    """Return the URL at which a signed-in person proves their identity at WorkOS."""
    return login_url(reverse("proof"), is_fresh=True)


@login_not_required
@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Complete a round trip to AuthKit: a sign-in, a proof of identity, or the switch to mode ``workos``.

    Return a redirect. If the sign-in at AuthKit failed, return a page that says why.
    """
    trip = round_trip.pop_trip(request)
    if trip is not None and trip.purpose == SWITCH:
        return verification.conclude(request, trip)
    if trip is not None and trip.purpose in {SIGN_IN, PROOF} and get_config().app_mode == WORKOS:
        return _conclude(request, trip)
    if request.user.is_authenticated:  # for example after the browser's back button
        return redirect("dashboard")
    return pages.failure(request, "expired", retry_url=reverse("login"))


def _conclude(request: HttpRequest, trip: Trip) -> HttpResponse:
    config, is_proof = get_config(), trip.purpose == PROOF
    retry_url = login_url(trip.next_url, is_fresh=is_proof)
    try:
        grant = round_trip.redeem(request, trip, credentials_in(config))
        outage.note_success()
        if is_proof and not proof.counts(grant.auth_age):
            raise NotAdmitted("not_proved")
        retry_url = sign_out_of(request, grant.sid, config)
        user = _admit(grant, config)
        keep = current.renew if is_proof and request.user == user else current.establish
        keep(request, user, grant, config)
    except WorkOSTrouble as trouble:
        if isinstance(trouble, CredentialsRefused):  # affects everyone, and no visitor can cause it
            outage.note(trouble)
        return pages.explain(request, trouble, retry_url=retry_url)
    return redirect(trip.next_url or resolve_url("dashboard"))


def _admit(grant: Grant, config: RuntimeConfig) -> User:
    if not current.is_admitted(grant.organization_id, config):
        raise NotAdmitted("organization")
    return people.admit(grant.person)


def sign_out_of(request: HttpRequest, sid: str, config: RuntimeConfig) -> str:
    """Return the URL that ends the session ``sid`` at WorkOS.

    WorkOS then sends the browser back to this hub.
    """
    return_to = round_trip.absolute(request, reverse("signed-out"))
    return get_client(credentials_in(config)).logout_url(sid, return_to)


def sign_out_url(request: HttpRequest) -> str | None:
    """Return the URL that ends the request's session at WorkOS.

    Return ``None`` if the session did not begin at WorkOS, or if the hub cannot use WorkOS now.
    """
    row, config = current.find(request), get_config()
    if row is None or config.app_mode != WORKOS:
        return None
    try:
        return sign_out_of(request, row.sid, config)
    except WorkOSTrouble:
        return None  # signing out of the hub must work without credentials for WorkOS
