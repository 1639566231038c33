"""The claim in mode workos requires a sign-in by a listed super admin in the same browser (W10)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from config_app.live import runtime
from config_app.models import Revision
from hub.auth import proof
from hub.models import User, WorkOSSession
from hub.runtime_config import get_config
from setup_wizard.claiming.claim import claim
from setup_wizard.models import SetupDraft
from setup_wizard.product import Application
from tests.support.browsers.wizard_walk import CREDENTIALS, NETWORK, WORKOS, Browser
from tests.support.workos.authkit import API_KEY, CLIENT_ID, OWNER, Answer, AuthKit, user
from tests.support.workos.fixtures import Visitor, change, look_again

ENTERED = {
    **CREDENTIALS,
    "workos_client_id": CLIENT_ID,
    "workos_api_key": API_KEY,
    "super_admin_emails": OWNER,
}


@pytest.fixture
def browser(install: None, authkit: AuthKit) -> Browser:
    """Give a browser on the last page of the wizard, in mode workos."""
    browser = Browser()
    browser.fill_all({**WORKOS, "credentials": ENTERED})
    return browser


def come_back(kit: AuthKit, browser: Browser) -> Browser:
    """Press Finish, sign in at AuthKit and follow the redirects back to the wizard."""
    assert browser.finish() == 200
    browser.get(kit.approve(browser.response.context["url"]))
    if browser.location.startswith("/setup/proof/"):
        browser.get(browser.location)
    return browser


def is_claimed() -> bool:
    return bool(runtime.reload().config.setup_completed)


def test_a_sign_in_by_a_listed_super_admin_completes_the_claim(browser: Browser, authkit: AuthKit) -> None:
    assert come_back(authkit, browser).location == "/welcome/"
    assert is_claimed()
    config = get_config()
    assert (config.app_mode, config.super_admin_emails) == ("workos", (OWNER,))
    assert config.workos_api_key is not None
    assert config.workos_api_key.reveal() == API_KEY
    assert browser.get("/welcome/") == 200
    assert browser.get("/api/config") == 200
    last = Revision.objects.order_by("-number").first()
    assert last is not None
    assert (last.actor, last.channel) == (OWNER, "wizard")
    assert not SetupDraft.objects.exists()


def test_the_claim_counts_as_proof_however_long_ago_the_owner_entered_credentials(
    browser: Browser, authkit: AuthKit
) -> None:
    authkit.signed_in_ago = 3600
    come_back(authkit, browser)
    assert proof.is_recent(browser.client.session)


def test_an_owner_of_an_earlier_claim_in_local_mode_is_none_any_more(
    browser: Browser, authkit: AuthKit
) -> None:
    change(local_admin_email="former@example.com")
    come_back(authkit, browser)
    assert is_claimed()
    assert get_config().local_admin_email is None


PUBLIC = "https://hub.example.com"


def test_a_browser_at_another_address_than_the_public_one_is_led_there(
    browser: Browser, authkit: AuthKit
) -> None:
    browser.fill("network", {**NETWORK, "public_url": PUBLIC})
    assert browser.finish() == 409
    assert "Finish under the public URL" in browser.text
    assert f'href="{PUBLIC}/setup/"' in browser.body
    assert f"./manage.py config set public_url {PUBLIC}" in browser.text
    assert "/setup/review/" in browser.body
    assert authkit.requests == []
    browser.fill("network", NETWORK)
    assert come_back(authkit, browser).location == "/welcome/"


def test_what_was_entered_at_another_address_fills_in_the_forms_under_the_public_one(
    browser: Browser, authkit: AuthKit
) -> None:
    """The new address has no cookies: the browser needs another token, and no API key is carried over."""
    entered = {**NETWORK, "public_url": PUBLIC}
    browser.fill("network", entered)
    assert browser.finish() == 409
    change(public_url=PUBLIC)  # as the page requires
    there = Browser(HTTP_ORIGIN=PUBLIC)
    there.unlock()
    there.fill("mode", {"app_mode": "workos"})
    there.get("/setup/credentials/")
    assert (CLIENT_ID in there.body, API_KEY in there.body) == (True, False)
    assert there.post("/setup/credentials/", {**ENTERED, "workos_api_key": ""}) == 200
    for name, data in {"credentials": ENTERED, "network": entered, "security": {}}.items():
        there.fill(name, data)
    assert come_back(authkit, there).location == "/welcome/"


def test_under_the_public_url_the_wizard_shows_and_proves_what_sign_in_uses(
    browser: Browser, authkit: AuthKit
) -> None:
    change(public_url=PUBLIC)  # as the page requires
    browser.client.defaults["HTTP_ORIGIN"] = PUBLIC
    browser.fill("network", {**NETWORK, "public_url": PUBLIC})
    browser.get("/setup/credentials/")
    assert f"{PUBLIC}/auth/callback" in browser.text
    browser.post("/setup/probe/workos/", ENTERED)
    assert f"not registered at WorkOS yet: {PUBLIC}/auth/callback" in browser.json()["message"]
    assert browser.finish() == 200
    proved = browser.response.context["url"]
    browser.get(authkit.approve(proved))
    browser.get(browser.location)
    assert is_claimed()
    for url in (proved, Visitor().begin()):
        assert quote(f"{PUBLIC}/auth/callback", safe="") in url


def test_a_public_url_that_was_entered_after_the_browser_left_was_not_proved(
    browser: Browser, authkit: AuthKit
) -> None:
    browser.finish()
    back = authkit.approve(browser.response.context["url"])
    browser.fill("network", {**NETWORK, "public_url": PUBLIC})
    browser.get(back)
    assert browser.get(browser.location) == 400
    assert not is_claimed()


def test_nothing_is_claimed_before_the_browser_is_back(browser: Browser, authkit: AuthKit) -> None:
    browser.finish()
    assert browser.response.context["url"].startswith(authkit.url)
    assert not is_claimed()
    assert browser.get("/setup/mode/") == 200, "and the way back to local mode is open"


@pytest.mark.parametrize(
    "person",
    [user("stranger@example.com"), user(OWNER, email_verified=False)],
    ids=["unlisted", "unverified"],
)
def test_a_sign_in_by_anybody_else_claims_nothing(
    browser: Browser, authkit: AuthKit, person: dict[str, Any]
) -> None:
    authkit.person = person
    come_back(authkit, browser)
    assert browser.response.status_code == 403
    assert "You are not one of the super admins" in browser.text
    assert "/setup/review/" in browser.body
    assert not is_claimed()
    assert not User.objects.exists()
    authkit.person = user()
    assert come_back(authkit, browser).location == "/welcome/"


def test_an_impersonator_claims_nothing(browser: Browser, authkit: AuthKit) -> None:
    authkit.answer = {"impersonator": {"email": "support@workos.example", "reason": None}}
    come_back(authkit, browser)
    assert not is_claimed()


@pytest.mark.parametrize("fault", ["/sso/jwks", "/user_management/authenticate"])
def test_an_outage_claims_nothing_and_loses_nothing(browser: Browser, authkit: AuthKit, fault: str) -> None:
    authkit.faults[fault] = Answer(503)
    if browser.finish() == 200:
        browser.get(authkit.approve(browser.response.context["url"]))
        browser.get(browser.location)
    assert browser.response.status_code == 503
    assert "WorkOS does not answer" in browser.text
    assert "can sign in" not in browser.text
    assert not is_claimed()
    authkit.faults.clear()
    assert come_back(authkit, browser).location == "/welcome/"


def test_a_wrong_key_claims_nothing(browser: Browser, authkit: AuthKit) -> None:
    authkit.api_key = "sk_test_another_one"
    assert "WorkOS does not accept this hub" in come_back(authkit, browser).text
    assert not is_claimed()


def test_another_browser_claims_nothing_with_the_way_back(browser: Browser, authkit: AuthKit) -> None:
    browser.finish()
    back = authkit.approve(browser.response.context["url"])
    stranger = Browser()
    stranger.get(back)
    assert stranger.get(stranger.location) == 302
    assert stranger.location == "/setup/"
    assert not is_claimed()
    assert authkit.asked("/user_management/authenticate") == []


def test_another_browser_with_the_token_claims_nothing_either(browser: Browser, authkit: AuthKit) -> None:
    browser.finish()
    back = authkit.approve(browser.response.context["url"])
    other = Browser()
    other.unlock()
    other.get(back)
    proof = other.location
    assert other.get(proof) == 302
    assert other.location == "/setup/mode/"
    for name, data in {**WORKOS, "credentials": ENTERED}.items():
        other.fill(name, data)
    assert other.get(proof) == 400
    assert not is_claimed()


def test_while_unclaimed_the_callback_only_leads_into_the_wizard(install: None, authkit: AuthKit) -> None:
    stranger = Browser()
    assert stranger.get("/auth/callback?code=1&state=2") == 302
    assert stranger.location == "/setup/proof/?code=1&state=2"
    assert stranger.get(stranger.location) == 302
    assert stranger.location == "/setup/"
    assert stranger.get("/auth/login") == 302
    assert stranger.location == "/setup/"


def test_the_proof_page_is_closed_once_the_hub_is_claimed(browser: Browser, authkit: AuthKit) -> None:
    come_back(authkit, browser)
    assert browser.get("/setup/proof/?code=1&state=2") == 404


def test_the_owner_is_signed_in_through_workos_from_then_on(browser: Browser, authkit: AuthKit) -> None:
    come_back(authkit, browser)
    assert WorkOSSession.objects.get().user.email == OWNER
    authkit.revoke(WorkOSSession.objects.get().sid)
    look_again()
    assert browser.get("/api/config") == 401


def test_an_account_from_before_a_reset_comes_back_to_life(browser: Browser, authkit: AuthKit) -> None:
    User.objects.create_user(OWNER, None, workos_user_id="user_owner", is_active=False)
    come_back(authkit, browser)
    assert browser.get("/api/config") == 200
    assert User.objects.count() == 1


def test_a_claim_without_a_browser_lets_the_listed_accounts_back_in(install: None, authkit: AuthKit) -> None:
    User.objects.create_user(OWNER, "correct horse battery staple", workos_user_id="user_owner")
    User.objects.create_user("other@example.com", None, workos_user_id="user_other", is_staff_member=True)
    changes = {
        "workos_client_id": CLIENT_ID,
        "workos_api_key": API_KEY,
        "super_admin_emails": (OWNER,),
    }
    claim(Application(mode="workos", changes=changes), holder=None, actor="root", channel="cli")
    assert {user.email for user in User.objects.filter(is_active=True)} == {OWNER}
