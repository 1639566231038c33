"""The claim in mode ``workos``.

The wizard asks for the addresses of the super admins. One of these super admins must sign in at WorkOS before
the claim.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from config_app.live.snapshot import read_snapshot
from config_app.problems import runnable
from hub.auth import proof
from hub.runtime_config import get_config, schema
from hub.workos import pages, people, round_trip, verification
from hub.workos.remote.credentials import Credentials
from hub.workos.remote.errors import CredentialsRefused, WorkOSTrouble
from hub.workos.remote.grants import Grant
from hub.workos.sessions import current
from setup_wizard.product import Application


def prove(request: HttpRequest, application: Application) -> HttpResponse:
    """Return a response that sends the browser to AuthKit.

    If the sign-in cannot begin, return a page that says why. For example, the sign-in cannot begin if AuthKit
    would send the browser back to another origin than the request's origin.
    """
    public_url, organization = (_value(application, key) for key in ("public_url", "workos_organization_id"))
    if not round_trip.comes_back(request, public_url):
        return _ask_for_public_url(request, public_url)
    try:
        return verification.begin_claim(request, _credentials(application), public_url, organization)
    except WorkOSTrouble as trouble:
        return _failure_page(request, trouble)


def _ask_for_public_url(request: HttpRequest, public_url: str) -> HttpResponse:
    """Return a page with a link to the wizard under the public URL.

    The page also shows the command that sets ``public_url``.
    """
    wizard, review = urljoin(public_url, reverse("setup:token")), reverse("setup:review")
    command = runnable(f"./manage.py config set public_url {public_url}")
    return pages.failure(request, "setup_elsewhere", retry_url=wizard, back_url=review, command=command)


def conclude(
    request: HttpRequest, application: Application, commit: Callable[[str], object]
) -> HttpResponse | None:
    """Make the claim, sign in the super admin who came back from AuthKit, and return ``None``.

    ``commit`` makes the claim. The argument of ``commit`` is the super admin's e-mail address. If the sign-in
    at AuthKit failed, change nothing and return a page that says why.
    """
    public_url, listed = (_value(application, key) for key in ("public_url", "super_admin_emails"))
    try:
        grant = verification.redeem_claim(request, _credentials(application), public_url, listed)
        if grant is None:
            return pages.failure(request, "expired", retry_url="", back_url=reverse("setup:review"))
        _claim(request, grant, commit)
    except WorkOSTrouble as trouble:
        return _failure_page(request, trouble)
    return None


@transaction.atomic
def _claim(request: HttpRequest, grant: Grant, commit: Callable[[str], object]) -> None:
    commit(grant.person.email)
    user = people.admit(grant.person, reactivating=True)
    # Load the new configuration here, because no process loads it before this transaction ends.
    current.establish(request, user, grant, read_snapshot().config)
    proof.note(request.session)  # the setup token counts as proof


def _credentials(application: Application) -> Credentials:
    client_id, api_key = (_value(application, key) for key in ("workos_client_id", "workos_api_key"))
    if client_id is None or api_key is None:
        raise CredentialsRefused("workos_client_id or workos_api_key is missing")
    domain = _value(application, "workos_authkit_domain")
    return Credentials(client_id=client_id, api_key=api_key, authkit_domain=domain)


def _value(application: Application, key: str) -> Any:
    """Return the value of ``key`` in ``application``.

    If ``application`` has no value for ``key``, return the setting's current value.
    """
    return application.changes.get(key, schema.value(get_config(), key))


def _failure_page(request: HttpRequest, trouble: WorkOSTrouble) -> HttpResponse:
    return pages.explain(request, trouble, retry_url="", back_url=reverse("setup:review"))
