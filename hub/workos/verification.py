"""Proof that sign-in through WorkOS works before anything depends on it: a super admin's round trip (W10).

The trip goes through the browser of whoever is about to claim the hub, or to switch its mode. Until it has
come back with success, nothing changes.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urljoin

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse

from config_app.change.plan import plan
from config_app.errors import InvalidPlan, StaleRevision
from config_app.live import runtime
from config_app.live.runtime import Snapshot
from hub.models import User
from hub.runtime_config import WORKOS, RuntimeConfig, get_config
from hub.workos import pages, people, round_trip
from hub.workos.remote import outage
from hub.workos.remote.credentials import Credentials, credentials_in
from hub.workos.remote.errors import CredentialsRefused, NotAdmitted, WorkOSTrouble
from hub.workos.remote.grants import Grant
from hub.workos.round_trip import CLAIM, SWITCH, Trip
from hub.workos.sessions import current

REASON = "sign-in through WorkOS was proved by a super admin"


def require_listed(grant: Grant, listed: Collection[str]) -> None:
    """Raise ``NotAdmitted`` unless this is a listed super admin in person, with a verified address (W11)."""
    person = grant.person
    if grant.is_impersonated or not person.email_verified or person.email not in listed:
        raise NotAdmitted("not_listed")


def begin_claim(
    request: HttpRequest, credentials: Credentials, public_url: str, organization_id: str | None
) -> HttpResponse:
    """Send the browser that is setting the hub up to AuthKit; raise ``Unavailable``.

    It comes back to the callback, from where ``redeem_claim`` takes over.
    """
    return round_trip.begin(
        request, credentials, purpose=CLAIM, public_url=public_url, organization_id=organization_id
    )


def redeem_claim(
    request: HttpRequest, credentials: Credentials, public_url: str, listed: Collection[str]
) -> Grant | None:
    """Return the grant of a listed super admin, or ``None`` where the trip is not this browser's, or late.

    One that began before another public URL was entered proves nothing about that.
    Raises ``WorkOSTrouble`` where it came back with anything but success.
    """
    trip = round_trip.take(request)
    if trip is None or trip.purpose != CLAIM or trip.public_url != public_url:
        return None
    grant = round_trip.redeem(request, trip, credentials)
    require_listed(grant, listed)
    return grant


def begin_switch(request: HttpRequest) -> HttpResponse:
    """Send a super admin to AuthKit with the credentials in force; ``conclude`` completes the switch."""
    config = get_config()
    if config.app_mode == WORKOS:
        return redirect("dashboard")
    if not round_trip.comes_back(request, config.public_url):
        there = urljoin(config.public_url, reverse("workos"))
        return pages.failure(request, "elsewhere", retry_url=there, back_url=reverse("workos"))
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
    user, snapshot = request.user, runtime.read_snapshot()  # of this moment, whatever this process knows
    config: RuntimeConfig = snapshot.config
    if isinstance(user, User):
        user.config = config
    if not isinstance(user, User) or not user.is_superuser or config.app_mode == WORKOS:
        return pages.failure(request, "expired", retry_url=reverse("login"))
    try:
        if trip.public_url != config.public_url:
            raise NotAdmitted("changed")
        grant = round_trip.redeem(request, trip, credentials_in(config))
        require_listed(grant, config.super_admin_emails)
        if not current.is_admitted(grant.organization_id, config):
            raise NotAdmitted("organization")
        _switch(request, user, grant, snapshot)
    except WorkOSTrouble as trouble:
        return _explain(request, trouble)
    outage.note_success()
    return redirect(trip.next_url or resolve_url("dashboard"))


@transaction.atomic
def _switch(request: HttpRequest, actor: User, grant: Grant, proved: Snapshot) -> None:
    """Switch where all is still as it was proved: the credentials, and who is a super admin."""
    user = people.admit(grant.person)
    address = str(request.META.get("REMOTE_ADDR", ""))
    try:
        drawn = plan({"app_mode": WORKOS}, proved.revision, managed=True)
        drawn.apply(actor=actor, channel="admin", reason=REASON, address=address)
    except StaleRevision as error:
        raise NotAdmitted("changed") from error
    except InvalidPlan as error:  # without a cookie password, for one
        raise CredentialsRefused(str(error)) from error
    current.establish(request, user, grant, proved.config)


def _explain(request: HttpRequest, trouble: WorkOSTrouble) -> HttpResponse:
    return pages.explain(request, trouble, retry_url="", back_url=resolve_url("dashboard"))
