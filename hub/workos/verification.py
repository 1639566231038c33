"""Proof that sign-in through WorkOS works before anything depends on it: a super admin's round trip (W10).

The trip goes through the browser of whoever is about to claim the hub, or to switch its mode. Until it has
come back with success, nothing changes.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse

from config_app.plan import plan
from hub.models import User
from hub.runtime_config import WORKOS, RuntimeConfig, get_config
from hub.workos import outage, pages, people, round_trip, sessions
from hub.workos.credentials import Credentials, credentials_in
from hub.workos.errors import NotAdmitted, WorkOSTrouble
from hub.workos.grants import Grant
from hub.workos.round_trip import CLAIM, SWITCH, Trip

REASON = "sign-in through WorkOS was proved by a super admin"


def require_listed(grant: Grant, listed: Collection[str]) -> None:
    """Raise ``NotAdmitted`` unless this is a listed super admin in person, with a verified address (W11)."""
    person = grant.person
    if grant.is_impersonated or not person.email_verified or person.email not in listed:
        raise NotAdmitted("not_listed")


def begin_claim(request: HttpRequest, credentials: Credentials, organization_id: str | None) -> HttpResponse:
    """Send the browser that is setting the hub up to AuthKit; raise ``Unavailable``.

    It comes back to the callback, from where ``redeem_claim`` takes over.
    """
    return round_trip.begin(request, credentials, purpose=CLAIM, organization_id=organization_id)


def redeem_claim(request: HttpRequest, credentials: Credentials, listed: Collection[str]) -> Grant | None:
    """Return the grant of a listed super admin, or ``None`` where the trip is not this browser's, or late.

    Raises ``WorkOSTrouble`` where it came back with anything but success.
    """
    trip = round_trip.take(request)
    if trip is None or trip.purpose != CLAIM:
        return None
    grant = round_trip.redeem(request, trip, credentials)
    require_listed(grant, listed)
    return grant


def begin_switch(request: HttpRequest) -> HttpResponse:
    """Send a super admin to AuthKit with the credentials in force; ``conclude`` completes the switch."""
    config = get_config()
    if config.app_mode == WORKOS:
        return redirect("dashboard")
    try:
        return round_trip.begin(
            request,
            credentials_in(config),
            purpose=SWITCH,
            organization_id=config.workos_organization_id,
        )
    except WorkOSTrouble as trouble:
        return _explain(request, trouble)


def conclude(request: HttpRequest, trip: Trip) -> HttpResponse:
    """Complete the switch, and sign its super admin in anew; the local account stays, to get back in with."""
    user, config = request.user, get_config()
    if not isinstance(user, User) or not user.is_superuser or config.app_mode == WORKOS:
        return pages.failure(request, "expired", retry_url=reverse("login"))
    try:
        grant = round_trip.redeem(request, trip, credentials_in(config))
        require_listed(grant, config.super_admin_emails)
        if not sessions.is_admitted(grant.organization_id, config):
            raise NotAdmitted("organization")
        _switch(request, user, grant, config)
    except WorkOSTrouble as trouble:
        return _explain(request, trouble)
    outage.note_success()
    return redirect(trip.next_url or resolve_url("dashboard"))


@transaction.atomic
def _switch(request: HttpRequest, actor: User, grant: Grant, config: RuntimeConfig) -> None:
    user = people.admit(grant.person)
    address = str(request.META.get("REMOTE_ADDR", ""))
    plan({"app_mode": WORKOS}, managed=True).apply(
        actor=actor, channel="admin", reason=REASON, address=address
    )
    sessions.establish(request, user, grant, config)


def _explain(request: HttpRequest, trouble: WorkOSTrouble) -> HttpResponse:
    return pages.explain(request, trouble, retry_url="", back_url=resolve_url("dashboard"))
