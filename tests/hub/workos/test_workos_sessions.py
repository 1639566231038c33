"""A session ends at sign-out, at a change of the mode, or when its stored record is deleted (B18)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session

from config_app.api import override_config
from hub.models import User, WorkOSSession
from tests.conftest import PASSWORD
from tests.support.workos.authkit import OWNER, AuthKit
from tests.support.workos.fixtures import Visitor, change


def test_signing_out_ends_the_session_here_and_leads_to_its_end_at_workos(
    owner_at_workos: Visitor, workos_hub: AuthKit
) -> None:
    sid = WorkOSSession.objects.get().sid
    cookies = dict(owner_at_workos.cookies.items())
    location = owner_at_workos.post("/auth/logout").headers["Location"]
    assert location.startswith(f"{workos_hub.url}/user_management/sessions/logout?")
    asked = parse_qs(urlsplit(location).query)
    assert asked == {"session_id": [sid], "return_to": ["http://127.0.0.1:8884/auth/signed-out"]}
    assert not Session.objects.exists()
    thief = Visitor()
    thief.cookies.update(cookies)
    assert not thief.is_signed_in()
    assert owner_at_workos.get("/auth/signed-out").status_code == 200


def test_signing_out_works_without_credentials_too(owner_at_workos: Visitor) -> None:
    with override_config(workos_api_key=None):
        assert owner_at_workos.post("/auth/logout").headers["Location"] == "/auth/signed-out"
    assert not Session.objects.exists()


def test_a_session_begun_locally_ends_with_local_mode(workos_hub: AuthKit, visitor: Visitor) -> None:
    User.objects.create_user(OWNER, PASSWORD)
    change(app_mode="local")
    visitor.post("/auth/login", {"username": OWNER, "password": PASSWORD})
    assert visitor.may_administer()
    change(app_mode="workos")
    assert not visitor.is_signed_in()
    change(app_mode="local")
    assert not visitor.is_signed_in()


def test_a_session_begun_at_workos_ends_with_its_mode(owner_at_workos: Visitor) -> None:
    User.objects.update(password=make_password(PASSWORD))
    change(app_mode="local")
    assert not owner_at_workos.is_signed_in()
    change(app_mode="workos")
    assert not owner_at_workos.is_signed_in()


def test_what_is_kept_goes_with_the_session(owner_at_workos: Visitor) -> None:
    Session.objects.all().delete()
    assert not WorkOSSession.objects.exists()


def test_a_session_without_what_is_kept_of_it_is_over(owner_at_workos: Visitor) -> None:
    WorkOSSession.objects.all().delete()
    assert not owner_at_workos.is_signed_in()


def test_health_asks_for_nobody(owner_at_workos: Visitor, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert owner_at_workos.get("/health/live").status_code == 200
