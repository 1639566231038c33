"""The switch from local mode to WorkOS requires a sign-in there by a listed super admin (W10)."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import quote

import pytest

from config_app.api import UNSET
from config_app.change.plan import plan
from config_app.declaration.secret import Secret
from config_app.models import Revision
from hub.models import User, WorkOSSession
from hub.runtime_config import get_config
from hub.workos import round_trip
from tests.conftest import PASSWORD, claim_for
from tests.support.browsers.old_sign_ins import prove_ago
from tests.support.workos.authkit import OWNER, Answer, AuthKit, user
from tests.support.workos.fixtures import MODE, Visitor, change

SWITCH = "/auth/workos"


@pytest.fixture
def local_hub(install: None, authkit: AuthKit, visitor: Visitor) -> AuthKit:
    """Give a hub in local mode that has WorkOS's credentials; its owner is signed in."""
    claim_for(OWNER)
    change(**{key: value for key, value in MODE.items() if key.startswith("workos_")})
    visitor.post("/auth/login", {"username": OWNER, "password": PASSWORD})
    assert visitor.may_administer()
    return authkit


def way_back(kit: AuthKit, visitor: Visitor) -> str:
    response = visitor.post(SWITCH)
    assert response.status_code == 200
    return kit.approve(response.context["url"])


def heading(response: Any) -> str:
    return str(response.content.decode().partition("<h1>")[2].partition("</h1>")[0])


def test_a_round_trip_by_a_listed_super_admin_completes_it(local_hub: AuthKit, visitor: Visitor) -> None:
    back = way_back(local_hub, visitor)
    assert get_config().app_mode == "local"
    assert visitor.get(back).headers["Location"] == "/"
    change()
    assert get_config().app_mode == "workos"
    assert visitor.may_administer()
    last = Revision.objects.order_by("-number").first()
    assert last is not None
    assert (last.actor, last.channel, last.address) == (OWNER, "admin", "127.0.0.1")


def test_the_local_account_stays_to_get_back_in_with(local_hub: AuthKit, visitor: Visitor) -> None:
    visitor.get(way_back(local_hub, visitor))
    owner = User.objects.get()
    assert owner.workos_user_id == "user_owner"
    assert owner.check_password(PASSWORD)
    change(app_mode="local")
    again = Visitor()
    again.post("/auth/login", {"username": OWNER, "password": PASSWORD})
    assert again.may_administer()


def test_whoever_signed_in_long_ago_enters_the_password_first(local_hub: AuthKit, visitor: Visitor) -> None:
    prove_ago(visitor, dt.timedelta(hours=1))
    assert 'name="password"' in visitor.get(SWITCH).content.decode()
    for password, words in (("", "Enter your password."), ("wrong", "This is not your password.")):
        assert words in visitor.post(SWITCH, {"password": password}).content.decode()
    assert local_hub.requests == []
    page = visitor.post(SWITCH, {"password": PASSWORD})
    assert visitor.get(local_hub.approve(page.context["url"])).headers["Location"] == "/"


def test_wrong_passwords_are_throttled_there_too(local_hub: AuthKit, visitor: Visitor) -> None:
    prove_ago(visitor, dt.timedelta(hours=1))
    for _ in range(5):
        visitor.post(SWITCH, {"password": "wrong"})
    response = visitor.post(SWITCH, {"password": PASSWORD})
    assert response.status_code == 429
    assert "Wait 5 minutes" in response.content.decode()


@pytest.mark.parametrize(
    "person",
    [user("stranger@example.com"), user(OWNER, email_verified=False)],
    ids=["not listed", "not verified"],
)
def test_a_sign_in_by_anybody_else_changes_nothing(
    local_hub: AuthKit, visitor: Visitor, person: dict[str, Any]
) -> None:
    local_hub.person = person
    response = visitor.get(way_back(local_hub, visitor))
    assert (response.status_code, heading(response)) == (403, "You are not one of the super admins")
    change()
    assert get_config().app_mode == "local"
    assert visitor.may_administer(), "the local session goes on"
    assert not WorkOSSession.objects.exists()


def test_an_impersonator_does_not_complete_it(local_hub: AuthKit, visitor: Visitor) -> None:
    local_hub.answer = {"impersonator": {"email": "support@workos.example", "reason": None}}
    assert visitor.get(way_back(local_hub, visitor)).status_code == 403


@pytest.mark.parametrize("fault", ["/user_management/authenticate", "/sso/jwks"])
def test_an_outage_changes_nothing(local_hub: AuthKit, visitor: Visitor, fault: str) -> None:
    local_hub.faults[fault] = Answer(503)
    response = visitor.post(SWITCH)
    if response.status_code == 200:
        response = visitor.get(local_hub.approve(response.context["url"]))
    assert heading(response) == "WorkOS does not answer"
    assert "Nothing was changed" in response.content.decode()
    assert "can sign in" not in response.content.decode()
    assert 'href="/"' in response.content.decode()
    assert get_config().app_mode == "local"
    assert visitor.may_administer()


def test_a_wrong_key_changes_nothing(local_hub: AuthKit, visitor: Visitor) -> None:
    local_hub.api_key = "sk_test_another_one"
    response = visitor.get(way_back(local_hub, visitor))
    assert heading(response) == "WorkOS does not accept this hub"
    assert "Nothing was changed" in response.content.decode()
    assert "with a password" not in response.content.decode()
    assert get_config().app_mode == "local"


def test_only_the_browser_that_began_it_completes_it(local_hub: AuthKit, visitor: Visitor) -> None:
    back = way_back(local_hub, visitor)
    assert Visitor().get(back).status_code == 400
    assert get_config().app_mode == "local"


def test_a_browser_that_has_signed_out_meanwhile_does_not(local_hub: AuthKit, visitor: Visitor) -> None:
    back = way_back(local_hub, visitor)
    User.objects.update(is_active=False)
    assert visitor.get(back).status_code == 400
    assert get_config().app_mode == "local"


def test_only_a_super_admin_begins_it(local_hub: AuthKit) -> None:
    User.objects.create_user("staff@example.com", PASSWORD, is_staff_member=True)
    staff = Visitor()
    staff.post("/auth/login", {"username": "staff@example.com", "password": PASSWORD})
    assert staff.post(SWITCH).status_code == 403
    assert Visitor().post(SWITCH).headers["Location"].startswith("/auth/login")
    assert local_hub.requests == []


def test_it_is_begun_by_a_form_of_the_hub_only(local_hub: AuthKit, visitor: Visitor) -> None:
    assert visitor.get(SWITCH).status_code == 200
    assert visitor.put(SWITCH).status_code == 405
    strict = Visitor(enforce_csrf_checks=True)
    strict.cookies = visitor.cookies
    assert strict.post(SWITCH).status_code == 403


@pytest.mark.parametrize(
    "meanwhile",
    [
        {"super_admin_emails": ("other@example.com", "second@example.com")},
        {"workos_api_key": Secret("sk_test_another_one")},
        {"log_level": "debug"},
    ],
    ids=["a super admin removed", "another key", "anything else"],
)
def test_what_was_changed_while_the_sign_in_was_redeemed_is_noticed(
    local_hub: AuthKit, visitor: Visitor, meanwhile: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.create_user("second@example.com", PASSWORD)
    back, redeem = way_back(local_hub, visitor), round_trip.redeem

    def dawdle(*args: Any) -> Any:
        grant = redeem(*args)
        plan(meanwhile, managed=True).apply(actor="another process")
        return grant

    monkeypatch.setattr(round_trip, "redeem", dawdle)
    response = visitor.get(back)
    assert (response.status_code, heading(response)) == (
        409,
        "The configuration has changed during the sign-in",
    )
    change()
    assert get_config().app_mode == "local"
    assert not WorkOSSession.objects.exists()


def test_a_super_admin_who_was_removed_unheard_of_does_not_complete_it(
    local_hub: AuthKit, visitor: Visitor
) -> None:
    User.objects.create_user("second@example.com", PASSWORD)
    back = way_back(local_hub, visitor)
    plan({"super_admin_emails": ("second@example.com",)}).apply(actor="another process")
    assert visitor.get(back).status_code == 400
    change()
    assert get_config().app_mode == "local"


PUBLIC = "https://hub.example.com"


def test_a_browser_at_another_address_than_the_public_one_is_led_there(
    local_hub: AuthKit, visitor: Visitor
) -> None:
    change(public_url=PUBLIC)
    response = visitor.post(SWITCH)
    assert (response.status_code, heading(response)) == (409, "Continue under the public URL")
    assert f'href="{PUBLIC}{SWITCH}"' in response.content.decode()
    assert local_hub.requests == []


def test_what_is_shown_proved_and_used_later_is_the_redirect_uri_of_the_public_url(
    local_hub: AuthKit, visitor: Visitor
) -> None:
    change(public_url=PUBLIC)
    assert f"{PUBLIC}/auth/callback" in visitor.get(SWITCH).content.decode()
    proved = visitor.post(SWITCH, headers={"Origin": PUBLIC}).context["url"]  # as behind a proxy
    visitor.get(local_hub.approve(proved))
    change()
    assert get_config().app_mode == "workos"
    for url in (proved, Visitor().begin()):
        assert quote(f"{PUBLIC}/auth/callback", safe="") in url


def test_a_public_url_that_was_changed_meanwhile_was_not_proved(local_hub: AuthKit, visitor: Visitor) -> None:
    back = way_back(local_hub, visitor)
    change(public_url=PUBLIC)
    assert heading(visitor.get(back)) == "The configuration has changed during the sign-in"
    assert get_config().app_mode == "local"


def test_without_credentials_it_is_refused(local_hub: AuthKit, visitor: Visitor) -> None:
    change(workos_api_key=UNSET)
    assert heading(visitor.post(SWITCH)) == "WorkOS does not accept this hub"
