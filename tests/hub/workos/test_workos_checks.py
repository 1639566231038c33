"""The connection test, in the wizard and for super admins: its findings, and who may use it (W1)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from config_app.api import override_config
from config_app.declaration.secret import Secret
from hub.models import User
from hub.workos.connection import ENTER_AGAIN
from hub.workos.remote import connection_test, transport
from hub.workos.remote.connection_test import check_connection
from hub.workos.remote.credentials import Credentials
from tests.conftest import PASSWORD, bring_up
from tests.hub.workos.test_workos_credentials import ENVIRONMENT
from tests.support.browsers.wizard_walk import CREDENTIALS, Browser
from tests.support.ports import free_port
from tests.support.workos.authkit import (
    API_KEY,
    CLIENT_ID,
    Answer,
    AuthKit,
    as_json,
    refusal,
    running_authkit,
)
from tests.support.workos.fixtures import MODE, Visitor, change

CALLBACK = "http://127.0.0.1:8884/auth/callback"
CHECK = "/auth/workos/check"


@pytest.fixture
def kit(authkit: AuthKit) -> AuthKit:
    """Give the stand-in for WorkOS without any problem."""
    authkit.redirect_uris = [CALLBACK]
    authkit.faults["/.well-known/openid-configuration"] = as_json({"issuer": authkit.url})
    return authkit


def check(kit: AuthKit, **change: Any) -> tuple[bool, str]:
    credentials = {"client_id": CLIENT_ID, "api_key": Secret(API_KEY), "authkit_domain": kit.url}
    return check_connection(Credentials(**{**credentials, **change}), CALLBACK)


def test_working_credentials_are_accepted(kit: AuthKit) -> None:
    assert check(kit) == (True, connection_test.WORKS)


@pytest.mark.parametrize(
    ("fault", "answer", "said"),
    [
        ("/organizations", refusal("unauthorized", 401), connection_test.UNKNOWN_KEY),
        ("/organizations", refusal("forbidden", 403), connection_test.LIMITED_KEY),
        ("/organizations", refusal("not_found", 404), connection_test.UNKNOWN_KEY),
        ("/organizations", refusal("rate_limit_exceeded", 429), connection_test.BUSY),
        ("/organizations", Answer(500, b"internal-detail-4711"), connection_test.UNUSUAL),
        ("/organizations", Answer(200, b"<html>Sign in to this network</html>"), connection_test.UNUSUAL),
        ("/organizations", Answer(200, b"null"), connection_test.UNUSUAL),
        ("/organizations", Answer(200, b"{}"), connection_test.UNUSUAL),
        ("/organizations", Answer(200, b"[]"), connection_test.UNUSUAL),
        ("/organizations", Answer(200, b"\xff"), connection_test.UNUSUAL),
        ("/sso/jwks", refusal("not_found", 404), connection_test.UNKNOWN_CLIENT),
        ("/sso/jwks", Answer(200, b"{}"), connection_test.UNUSUAL),
        ("/.well-known", Answer(404), connection_test.NO_AUTHKIT),
        ("/.well-known", Answer(200, b"<html>"), connection_test.NO_AUTHKIT),
        ("/.well-known", Answer(200, b"[]"), connection_test.NO_AUTHKIT),
    ],
)
def test_what_is_wrong_is_said_coarsely_and_asked_once(
    kit: AuthKit, fault: str, answer: Answer, said: str
) -> None:
    kit.faults = {fault: answer, **kit.faults}
    assert check(kit) == (False, said)
    assert len([path for path, _ in kit.requests if path.startswith(fault)]) == 1


def test_another_key_and_client_are_unknown(kit: AuthKit) -> None:
    assert check(kit, api_key=Secret("sk_test_another_one")) == (False, connection_test.UNKNOWN_KEY)
    assert check(kit, client_id="client_02OTHER") == (False, connection_test.UNKNOWN_CLIENT)


def test_several_things_can_be_wrong_at_once(kit: AuthKit) -> None:
    kit.redirect_uris = ["https://elsewhere.example/auth/callback"]
    unregistered = connection_test.UNREGISTERED.format(uri=CALLBACK)
    assert check(kit, client_id="client_02OTHER") == (
        False,
        f"{connection_test.UNKNOWN_CLIENT} {unregistered}",
    )


def test_a_registered_pattern_covers_the_redirect_uri(kit: AuthKit) -> None:
    kit.redirect_uris = ["http://127.0.0.1:*/auth/callback"]
    assert check(kit)[0]
    kit.redirect_uris = ["http://127.0.0.1:*/auth/callback.evil", "http://*", "*"]
    assert not check(kit)[0]


@pytest.mark.parametrize("answer", [refusal("not_found", 404), refusal("forbidden", 403)])
def test_a_key_that_cannot_see_redirect_uris_is_no_problem(kit: AuthKit, answer: Answer) -> None:
    kit.faults["/user_management/redirect_uris"] = answer
    assert check(kit) == (True, connection_test.WORKS)


def test_redirects_are_not_followed(kit: AuthKit) -> None:
    with running_authkit() as elsewhere:
        for path in ("/organizations", "/.well-known"):
            kit.faults = {path: Answer(302, b"{}", {"Location": f"{elsewhere.url}/organizations"})}
            assert check(kit)[0] is False
        assert elsewhere.requests == []


def test_an_unreachable_workos_is_said(kit: AuthKit, settings: Any) -> None:
    settings.WORKOS_API_URL = f"http://127.0.0.1:{free_port()}"
    assert check(kit) == (False, connection_test.UNREACHABLE)


def test_a_slow_workos_is_given_up_on(kit: AuthKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TIMEOUT", 0.2)
    kit.faults["/organizations"] = Answer(delay=1)
    assert check(kit) == (False, connection_test.UNREACHABLE)


def test_the_environment_has_no_say(kit: AuthKit, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert check(kit)[0] is True


@pytest.fixture
def owner(db: None, kit: AuthKit, visitor: Visitor) -> Visitor:
    """Give a super admin of a hub in mode workos without any problem."""
    bring_up()
    change(**{**MODE, "workos_authkit_domain": kit.url})
    visitor.sign_in(kit)
    assert visitor.may_administer()
    kit.requests.clear()
    return visitor


def ask(visitor: Visitor, **values: str) -> tuple[bool, str]:
    response = visitor.post(CHECK, values)
    assert API_KEY not in response.content.decode()
    answer = json.loads(response.content)
    return answer["ok"], answer["message"]


def test_a_super_admin_tests_what_is_in_force(owner: Visitor) -> None:
    assert ask(owner) == (True, connection_test.WORKS)


def test_a_super_admin_tests_candidates_before_they_are_saved(owner: Visitor, kit: AuthKit) -> None:
    assert ask(owner, workos_api_key="sk_test_candidate") == (False, connection_test.UNKNOWN_KEY)
    kit.api_key = "sk_test_candidate"
    assert ask(owner, workos_api_key="sk_test_candidate") == (True, connection_test.WORKS)


@pytest.mark.parametrize(
    "change", [{"workos_client_id": "client_other"}, {"workos_authkit_domain": "https://evil.example.com"}]
)
def test_the_stored_key_goes_nowhere_else(owner: Visitor, kit: AuthKit, change: dict[str, str]) -> None:
    assert ask(owner, workos_api_key="", **change) == (False, ENTER_AGAIN)
    assert kit.requests == []


def test_values_that_are_none_are_said_not_sent(owner: Visitor, kit: AuthKit) -> None:
    ok, message = ask(owner, workos_client_id="banana")
    assert not ok
    assert message.startswith("WorkOS Client ID: expected ")
    assert kit.requests == []


def test_only_super_admins_are_answered(owner: Visitor, kit: AuthKit) -> None:
    assert Visitor().post(CHECK).headers["Location"].startswith("/auth/login")
    strict = Visitor(enforce_csrf_checks=True)
    strict.cookies = owner.cookies
    assert strict.post(CHECK).status_code == 403
    assert owner.get(CHECK).status_code == 405
    User.objects.update(verified_email="")
    assert owner.post(CHECK).status_code == 403
    assert owner.get("/auth/workos").status_code == 403
    assert kit.requests == []


def test_the_page_says_what_to_register_and_no_secret(owner: Visitor) -> None:
    page = owner.get("/auth/workos").content.decode()
    assert CALLBACK in page
    assert "http://127.0.0.1:8884/auth/signed-out" in page
    assert API_KEY not in page


def test_the_page_offers_the_switch_in_local_mode(owner: Visitor) -> None:
    User.objects.create_user("local@example.com", PASSWORD)
    assert "Sign in at WorkOS and switch" not in owner.get("/auth/workos").content.decode()
    with override_config(app_mode="local", super_admin_emails=("local@example.com",)):
        local = Visitor()
        local.post("/auth/login", {"username": "local@example.com", "password": PASSWORD})
        assert "Sign in at WorkOS and switch" in local.get("/auth/workos").content.decode()


@pytest.fixture
def wizard(install: None, kit: AuthKit) -> Browser:
    """Give a browser that sets up mode workos in the wizard."""
    browser = Browser()
    browser.unlock()
    browser.fill("mode", {"app_mode": "workos"})
    return browser


ENTERED = {**CREDENTIALS, "workos_client_id": CLIENT_ID, "workos_api_key": API_KEY}


def probe(wizard: Browser, **change: str) -> tuple[bool, str]:
    wizard.post("/setup/probe/workos/", ENTERED | change)
    assert API_KEY not in wizard.body
    answer = wizard.json()
    return answer["ok"], answer["message"]


def test_the_wizard_tests_what_was_entered(wizard: Browser, kit: AuthKit) -> None:
    kit.redirect_uris = ["http://127.0.0.1/auth/callback"]
    assert probe(wizard) == (True, connection_test.WORKS)
    assert probe(wizard, workos_api_key="sk_test_another_one") == (False, connection_test.UNKNOWN_KEY)


def test_the_wizard_uses_a_staged_or_imported_key_only_with_its_values(wizard: Browser, kit: AuthKit) -> None:
    change(workos_api_key="sk_test_imported1", workos_client_id=CLIENT_ID)
    assert probe(wizard, workos_api_key="") == (False, connection_test.UNKNOWN_KEY)
    wizard.fill("credentials", ENTERED)
    kit.redirect_uris = ["http://127.0.0.1/auth/callback"]
    assert probe(wizard, workos_api_key="") == (True, connection_test.WORKS)
    kit.requests.clear()
    for key, value in (
        ("workos_client_id", "client_other"),
        ("workos_authkit_domain", "https://evil.example.com"),
    ):
        assert probe(wizard, workos_api_key="", **{key: value}) == (False, ENTER_AGAIN)
    assert kit.requests == []


def test_the_wizard_says_what_to_register(wizard: Browser) -> None:
    wizard.get("/setup/credentials/")
    assert "http://127.0.0.1/auth/callback" in wizard.text
