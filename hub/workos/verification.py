"""The test sign-in of a super admin that must succeed before the hub uses mode ``workos``.

A person who claims the hub in mode ``workos`` or switches the hub to this mode must first sign in at AuthKit.
Nothing changes before this sign-in succeeds.
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
from config_app.live.snapshot import Snapshot, read_snapshot
from hub.models import User
from hub.runtime_config import WORKOS, RuntimeConfig, get_config
from hub.workos import pages, people, round_trip
from hub.workos.remote import outage
from hub.workos.remote.credentials import Credentials, credentials_in
from hub.workos.remote.errors import CredentialsRefused, NotAdmitted, WorkOSTrouble
from hub.workos.remote.grants import Grant
from hub.workos.round_trip import CLAIM, SWITCH, Trip
from hub.workos.sessions import current

REASON = "a super admin has signed in through WorkOS"


def require_listed(grant: Grant, listed: Collection[str]) -> None:
    """Raise ``NotAdmitted`` unless the grant is for a listed super admin with a verified address.

    Also raise ``NotAdmitted`` if another person impersonates the super admin, or if the hub cannot use the
    person's address.
    """
    person = grant.person
    if not person.email:
        raise NotAdmitted("address")
    if grant.is_impersonated or not person.email_verified or person.email not in listed:
        raise NotAdmitted("not_listed")


def begin_claim(
    request: HttpRequest, credentials: Credentials, public_url: str, organization_id: str | None
) -> HttpResponse:
    """Return a response that sends the browser to AuthKit.

    When the browser comes back, call ``redeem_claim``. Raise ``Unavailable`` if WorkOS does not answer.
    """
    return round_trip.begin(
        request, credentials, purpose=CLAIM, public_url=public_url, organization_id=organization_id
    )


def redeem_claim(
    request: HttpRequest, credentials: Credentials, public_url: str, listed: Collection[str]
) -> Grant | None:
    """Complete the round trip of a claim, and return the grant of the super admin who signed in.

    Return ``None`` if the round trip is too old, began in another browser or used another public URL. Raise
    ``WorkOSTrouble`` if the sign-in failed, or if the person is not a listed super admin.
    """
    trip = round_trip.pop_trip(request)
    if trip is None or trip.purpose != CLAIM or trip.public_url != public_url:
        return None
    grant = round_trip.redeem(request, trip, credentials)
    require_listed(grant, listed)
    return grant


def begin_switch(request: HttpRequest) -> HttpResponse:
    """Return a response that sends the super admin to AuthKit.

    After the super admin has signed in at AuthKit, ``conclude`` completes the switch. If the switch is not
    possible, return a page that says why. If the mode is already ``workos``, return a redirect to the
    dashboard.
    """
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
        return _failure_page(request, trouble)


def conclude(request: HttpRequest, trip: Trip) -> HttpResponse:
    """Switch the mode to ``workos``, and sign the super admin in through WorkOS.

    Return a redirect. If the switch is not possible, return a page that says why. The local account is kept,
    so that the mode can be switched back.
    """
    # Read the database: this process's runtime config may be out of date.
    user, snapshot = request.user, read_snapshot()
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
        return _failure_page(request, trouble)
    outage.note_success()
    return redirect(trip.next_url or resolve_url("dashboard"))


@transaction.atomic
def _switch(request: HttpRequest, actor: User, grant: Grant, proved: Snapshot) -> None:
    """Switch the mode and sign the person in.

    Raise ``NotAdmitted`` if the configuration has changed. Raise ``CredentialsRefused`` if the configuration
    does not allow the mode.
    """
    user = people.admit(grant.person)
    # The sign-in has tested the credentials and super admins of this revision, so it must still be current.
    address = str(request.META.get("REMOTE_ADDR", ""))
    try:
        drawn = plan({"app_mode": WORKOS}, proved.revision, managed=True)
        drawn.apply(actor=actor, channel="admin", reason=REASON, address=address)
    except StaleRevision as error:
        raise NotAdmitted("changed") from error
    except InvalidPlan as error:  # for example if workos_cookie_password is missing
        raise CredentialsRefused(str(error)) from error
    current.establish(request, user, grant, proved.config)


def _failure_page(request: HttpRequest, trouble: WorkOSTrouble) -> HttpResponse:
    return pages.explain(request, trouble, retry_url="", back_url=resolve_url("dashboard"))
