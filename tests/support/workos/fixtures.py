"""A hub in this process in mode workos, with a stand-in for WorkOS."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from config_app.change.plan import plan
from config_app.declaration.secret import Secret
from config_app.live import runtime
from hub.models import WorkOSEvents, WorkOSSession
from hub.start.generated import cookie_password
from hub.workos.remote import client as clients
from hub.workos.remote import outage
from hub.workos.sessions import revocations
from tests.conftest import bring_up
from tests.support.workos.authkit import API_KEY, CLIENT_ID, OWNER, AuthKit, running_authkit

MODE = {
    "app_mode": "workos",
    "setup_completed": True,
    "super_admin_emails": (OWNER,),
    "workos_client_id": CLIENT_ID,
    "workos_api_key": Secret(API_KEY),
    "workos_authkit_domain": "https://login.example.com",
    "workos_cookie_password": cookie_password(),
}


def forget_workos() -> None:
    """Forget everything that this process has cached about WorkOS."""
    for client in clients._clients.values():
        client.transport.close()
    clients._clients.clear()
    outage.note_success()
    revocations._next_look = 0.0


def look_again() -> None:
    """Let the next request poll WorkOS for events, without waiting for the interval."""
    revocations._next_look = 0.0
    WorkOSEvents.objects.update(tried_at="2020-01-01T00:00:00Z", cursor="")


def change(**changes: Any) -> None:
    """Commit changes of the configuration and reload it in this process."""
    plan(changes, managed=True).apply(actor="test")
    runtime.reload()


@pytest.fixture
def authkit(settings: Any) -> Iterator[AuthKit]:
    """Give the stand-in, which this process uses as WorkOS."""
    forget_workos()
    with running_authkit() as kit:
        settings.WORKOS_API_URL = kit.url
        yield kit
    forget_workos()


@pytest.fixture
def workos_hub(db: None, authkit: AuthKit) -> AuthKit:
    """Give the stand-in of a hub that was claimed in mode workos."""
    bring_up()
    change(**MODE)
    return authkit


class Visitor(Client):
    """A browser that can sign in through AuthKit."""

    def __init__(self, **options: Any) -> None:
        """Create a browser with the hub's address."""
        super().__init__(HTTP_HOST="127.0.0.1:8884", **options)

    def begin(self, path: str = "/auth/login") -> str:
        """Begin to sign in; return the address that the hub redirects to."""
        response = self.get(path)
        assert response.status_code == 302, response.content
        return response.headers["Location"]

    def sign_in(self, kit: AuthKit, path: str = "/auth/login") -> Any:
        """Sign in as AuthKit's current person; return the response of the callback."""
        return self.get(kit.approve(self.begin(path)))

    def may_administer(self) -> bool:
        """Return whether the hub treats the signed-in user as a super admin."""
        status = self.get("/api/config").status_code
        assert status in {200, 401, 403}
        return status == 200

    def is_signed_in(self) -> bool:
        """Return whether the browser is signed in."""
        return self.get("/api/config").status_code != 401


@pytest.fixture
def visitor() -> Visitor:
    """Give a browser without a session."""
    return Visitor()


@pytest.fixture
def owner_at_workos(workos_hub: AuthKit, visitor: Visitor) -> Visitor:
    """Give a browser in which a super admin is signed in through WorkOS."""
    visitor.sign_in(workos_hub)
    assert visitor.may_administer()
    return visitor


def expire_tokens(seconds: float = 1) -> None:
    """Let the access token of every session expire ``seconds`` seconds ago."""
    WorkOSSession.objects.update(fresh_until=timezone.now() - dt.timedelta(seconds=seconds))


def another_window(of: Visitor) -> Visitor:
    """Return a second window of the browser ``of``: one with the same cookies."""
    window = Visitor()
    window.cookies = of.cookies
    return window
