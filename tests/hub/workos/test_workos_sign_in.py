"""Signing in through WorkOS: the way there and back, and attempts that are refused (W9, B8)."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.utils import timezone

from config_app.api import override_config
from hub.models import User, WorkOSSession
from hub.workos.round_trip import LIFETIME
from tests.conftest import PASSWORD
from tests.support.parallel import in_parallel
from tests.support.workos.authkit import OWNER, Answer, AuthKit
from tests.support.workos.fixtures import Visitor, another_window, change


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_a_super_admin_signs_in(workos_hub: AuthKit, visitor: Visitor) -> None:
    response = visitor.sign_in(workos_hub)
    assert response.headers["Location"] == "/"
    assert visitor.may_administer()


def test_authkit_is_asked_with_pkce_and_the_hubs_own_redirect_uri(
    workos_hub: AuthKit, visitor: Visitor
) -> None:
    asked = query(visitor.begin())
    assert asked["provider"] == "authkit"
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://127.0.0.1:8884/auth/callback"
    assert len(asked["state"]) >= 43


def test_the_code_is_exchanged_with_the_verifier_that_was_never_sent_to_the_browser(
    workos_hub: AuthKit, visitor: Visitor
) -> None:
    location = visitor.begin()
    visitor.get(workos_hub.approve(location))
    (exchange,) = workos_hub.asked("/user_management/authenticate")
    digest = hashlib.sha256(exchange["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == query(location)["code_challenge"]
    assert exchange["code_verifier"] not in location
    assert exchange["ip_address"] == "127.0.0.1"


def test_the_redirect_uri_is_that_of_the_public_url(workos_hub: AuthKit, visitor: Visitor) -> None:
    change(public_url="https://hub.example.com")
    assert query(visitor.begin())["redirect_uri"] == "https://hub.example.com/auth/callback"


def test_the_session_is_a_new_one(workos_hub: AuthKit, visitor: Visitor) -> None:
    back = workos_hub.approve(visitor.begin())
    before = visitor.session.session_key
    visitor.get(back)
    assert visitor.session.session_key != before
    assert "workos_round_trips" not in visitor.session


def test_a_sign_in_that_was_only_begun_does_not_live_long(workos_hub: AuthKit, visitor: Visitor) -> None:
    for _ in range(3):
        visitor.begin()
    (session,) = Session.objects.all()
    assert session.expire_date <= timezone.now() + dt.timedelta(seconds=LIFETIME)
    visitor.get(workos_hub.approve(visitor.begin()))
    (session,) = Session.objects.all()
    assert session.expire_date > timezone.now() + dt.timedelta(days=1)


def test_a_state_counts_once(workos_hub: AuthKit, visitor: Visitor) -> None:
    back = workos_hub.approve(visitor.begin())
    workos_hub.faults["/user_management/authenticate"] = Answer(503)
    assert visitor.get(back).status_code == 503
    workos_hub.faults.clear()
    assert visitor.get(back).status_code == 400
    assert len(workos_hub.asked("/user_management/authenticate")) == 1


@pytest.mark.django_db(transaction=True)
def test_a_state_counts_once_for_requests_that_come_at_once(
    transactional_db: None, workos_hub: AuthKit
) -> None:
    visitor = Visitor()
    back = workos_hub.approve(visitor.begin())
    in_parallel(6, lambda: another_window(visitor).get(back).status_code)
    assert len(workos_hub.asked("/user_management/authenticate")) == 1


@pytest.mark.django_db(transaction=True)
def test_sign_ins_that_begin_at_once_are_all_kept(transactional_db: None, workos_hub: AuthKit) -> None:
    visitor = Visitor()
    visitor.begin()
    found = in_parallel(4, lambda: query(another_window(visitor).begin())["state"])
    assert set(found) < set(visitor.session["workos_round_trips"])


@pytest.mark.django_db(transaction=True)
def test_a_sign_in_that_begins_meanwhile_brings_no_used_state_back(
    transactional_db: None, workos_hub: AuthKit
) -> None:
    visitor = Visitor()
    state = query(visitor.begin())["state"]
    denied = f"/auth/callback?error=access_denied&state={state}"
    paths = iter(["/auth/login", denied, "/auth/login"])
    in_parallel(3, lambda: another_window(visitor).get(next(paths)))
    assert state not in visitor.session["workos_round_trips"]
    assert len(visitor.session["workos_round_trips"]) == 2


def test_a_session_that_is_gone_is_no_obstacle_to_a_new_sign_in(
    workos_hub: AuthKit, visitor: Visitor
) -> None:
    visitor.begin()
    Session.objects.all().delete()
    assert visitor.sign_in(workos_hub).headers["Location"] == "/"
    assert visitor.may_administer()


def test_a_state_belongs_to_the_browser_it_was_made_for(workos_hub: AuthKit, visitor: Visitor) -> None:
    back = workos_hub.approve(visitor.begin())
    response = Visitor().get(back)
    assert response.status_code == 400
    assert "This sign-in has expired" in response.content.decode()
    assert workos_hub.asked("/user_management/authenticate") == []


def test_a_state_expires_after_ten_minutes(workos_hub: AuthKit, visitor: Visitor) -> None:
    with time_machine.travel("2026-05-01 10:00:00Z", tick=False):
        back = workos_hub.approve(visitor.begin())
    with time_machine.travel("2026-05-01 10:10:01Z", tick=False):
        assert visitor.get(back).status_code == 400
    assert workos_hub.asked("/user_management/authenticate") == []


@pytest.mark.parametrize("state", ["", "&state=", "&state=made-up", "&state=%00"])
def test_a_callback_without_a_state_of_ours_is_refused(
    workos_hub: AuthKit, visitor: Visitor, state: str
) -> None:
    visitor.begin()
    assert visitor.get(f"/auth/callback?code=code_9{state}").status_code == 400
    assert workos_hub.asked("/user_management/authenticate") == []


def test_several_tabs_can_sign_in_at_once(workos_hub: AuthKit, visitor: Visitor) -> None:
    first, second = visitor.begin(), visitor.begin()
    assert visitor.get(workos_hub.approve(first)).status_code == 302
    assert visitor.get(workos_hub.approve(second)).headers["Location"] == "/"


def test_the_number_of_sign_ins_under_way_is_bounded(workos_hub: AuthKit, visitor: Visitor) -> None:
    locations = [visitor.begin() for _ in range(7)]
    assert len(visitor.session["workos_round_trips"]) == 5
    assert visitor.get(workos_hub.approve(locations[0])).status_code == 400
    assert visitor.get(workos_hub.approve(locations[-1])).status_code == 302


def test_next_leads_back_to_a_page_of_this_hub(workos_hub: AuthKit, visitor: Visitor) -> None:
    response = visitor.sign_in(workos_hub, "/auth/login?next=/admin/%3Fq%3D1")
    assert response.headers["Location"] == "/admin/?q=1"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        r"\\evil.example",
        "javascript:alert(1)",
        "http:///evil.example",
        "https://127.0.0.1:9999/",
    ],
)
def test_next_never_leads_elsewhere(workos_hub: AuthKit, visitor: Visitor, target: str) -> None:
    response = visitor.sign_in(workos_hub, f"/auth/login?next={quote(target)}")
    assert response.headers["Location"] == "/"


def test_whoever_is_signed_in_is_not_sent_to_authkit_again(workos_hub: AuthKit, visitor: Visitor) -> None:
    visitor.sign_in(workos_hub)
    assert visitor.begin("/auth/login?next=/admin/") == "/admin/"


def test_the_back_button_leads_on(workos_hub: AuthKit, visitor: Visitor) -> None:
    back = workos_hub.approve(visitor.begin())
    visitor.get(back)
    assert visitor.get(back).headers["Location"] == "/"
    assert len(workos_hub.asked("/user_management/authenticate")) == 1


def test_a_fresh_sign_in_can_be_asked_for(workos_hub: AuthKit, visitor: Visitor) -> None:
    visitor.sign_in(workos_hub)
    asked = query(visitor.begin("/auth/login?fresh=1"))
    assert (asked["max_age"], asked["login_hint"]) == ("0", OWNER)


@pytest.mark.parametrize(
    ("error", "title"),
    [
        ("access_denied", "The sign-in was cancelled"),
        ("user_not_found", "WorkOS does not know this account"),
        ("something_new", "The sign-in did not work"),
        ("", "The sign-in did not work"),
    ],
)
def test_an_error_of_authkit_is_explained(
    workos_hub: AuthKit, visitor: Visitor, error: str, title: str
) -> None:
    state = query(visitor.begin())["state"]
    response = visitor.get(f"/auth/callback?error={error}&error_description=%3Cscript%3E&state={state}")
    assert response.status_code == 403
    assert title in response.content.decode()
    assert "/auth/login" in response.content.decode()
    assert "<script>" not in response.content.decode()


def test_no_password_of_the_hubs_own_signs_in(workos_hub: AuthKit, visitor: Visitor) -> None:
    User.objects.create_user(OWNER, PASSWORD)
    response = visitor.post("/auth/login", {"username": OWNER, "password": PASSWORD})
    assert response.context["url"].startswith(workos_hub.url)
    assert not visitor.is_signed_in()


def test_a_callback_does_nothing_in_local_mode(workos_hub: AuthKit, visitor: Visitor) -> None:
    back = workos_hub.approve(visitor.begin())
    with override_config(app_mode="local"):
        assert visitor.get(back).status_code == 400
    assert not WorkOSSession.objects.exists()


@pytest.mark.parametrize("method", ["head", "post", "put", "delete", "options"])
def test_only_get_ends_a_sign_in(workos_hub: AuthKit, visitor: Visitor, method: str) -> None:
    back = workos_hub.approve(visitor.begin())
    assert getattr(visitor, method)(back).status_code == 405
    assert visitor.get(back).status_code == 302


def test_forms_may_lead_to_workos_in_its_mode_only(workos_hub: AuthKit, visitor: Visitor) -> None:
    policy = visitor.get("/health/live").headers["Content-Security-Policy"]
    assert f"form-action 'self' {workos_hub.url} https://login.example.com" in policy
    with override_config(app_mode="local"):
        policy = visitor.get("/health/live").headers["Content-Security-Policy"]
    assert "form-action 'self';" in policy + ";"


def test_sign_in_can_be_restricted_to_one_organization(workos_hub: AuthKit, visitor: Visitor) -> None:
    change(workos_organization_id="org_right")
    assert query(visitor.begin())["organization_id"] == "org_right"
    for organization, status in ((None, 403), ("org_wrong", 403), ("org_right", 302)):
        workos_hub.claims = {"org_id": organization}
        assert visitor.sign_in(workos_hub).status_code == status
    assert visitor.is_signed_in()


def test_a_new_restriction_ends_sessions_of_others_at_once(workos_hub: AuthKit, visitor: Visitor) -> None:
    workos_hub.claims = {"org_id": "org_wrong"}
    visitor.sign_in(workos_hub)
    assert visitor.is_signed_in()
    change(workos_organization_id="org_right")
    assert not visitor.is_signed_in()


def test_who_is_refused_can_leave_workos_and_use_another_account(
    workos_hub: AuthKit, visitor: Visitor
) -> None:
    change(workos_organization_id="org_right")
    response = visitor.sign_in(workos_hub)
    assert "This hub is for another organization" in response.content.decode()
    assert f"{workos_hub.url}/user_management/sessions/logout?session_id=" in response.content.decode()
