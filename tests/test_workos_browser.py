"""Mode workos as people see it: real Chromium, a served hub, and WorkOS's own emulator."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import workos_emulator as workos
from tests.browser import Visitor, browser, visiting
from tests.hub_process import PASSWORD, HubProcess
from tests.waiting import wait_for
from tests.workos_emulator import API_KEY, CLIENT_ID, OWNER, Emulator, running_emulator
from tests.workos_hub import claim_for_workos, connect

__all__ = ["browser"]  # a fixture

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Give WorkOS's emulator, the owner at the keyboard."""
    with running_emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture(scope="module")
def hub(emulator: Emulator) -> Iterator[HubProcess]:
    """Give a served hub that was claimed in mode workos."""
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        hub = HubProcess(Path(folder))
        connect(hub, emulator.url)
        claim_for_workos(hub, CLIENT_ID, API_KEY)
        hub.serve(workers=2)
        yield hub
        hub.stop()


@pytest.fixture
def visitor(browser: Browser, hub: HubProcess) -> Iterator[Visitor]:
    """Give a browser that complains about nothing."""
    with visiting(browser, base_url=hub.url) as visitor:
        yield visitor
    assert visitor.complaints == []


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def sign_in(visitor: Visitor, emulator: Emulator, email: str = OWNER) -> Page:
    emulator.let_sign_in(email)
    visitor.page.goto("/auth/login")
    return visitor.page


def expect_member(page: Page, email: str) -> None:
    expect(page.get_by_role("heading", name="You are signed in")).to_be_visible()
    expect(page.get_by_text(email).first).to_be_visible()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="account").click()
    page.get_by_role("button", name="Sign out").click()


def test_a_super_admin_signs_in_and_out(visitor: Visitor, emulator: Emulator, hub: HubProcess) -> None:
    emulator.let_sign_in(OWNER)
    page = visitor.page
    page.goto("/admin/")
    expect(page).to_have_url(f"{hub.url}/admin/")
    page.goto("/")
    expect(page.get_by_role("link", name="Configuration").first).to_be_visible()
    sign_out(page)
    expect(page).to_have_url(f"{hub.url}/auth/signed-out")
    assert heading(page) == "You are signed out"
    ended = [event["user_id"] for event in emulator.events("session.revoked")]
    assert emulator.user_id(OWNER) in ended
    assert page.request.get("/api/config").status == 401


def test_somebody_else_sees_no_administration(visitor: Visitor, emulator: Emulator) -> None:
    page = sign_in(visitor, emulator, workos.MEMBER)
    expect_member(page, workos.MEMBER)
    assert page.request.get("/api/config").status == 403


@pytest.mark.parametrize(
    ("email", "explanation"),
    [
        (workos.UNVERIFIED, "WorkOS has not verified your e-mail address"),
        (workos.IMPERSONATED, "This session was begun by somebody else on your behalf"),
    ],
)
def test_a_listed_address_alone_does_not_administer(
    visitor: Visitor, emulator: Emulator, hub: HubProcess, email: str, explanation: str
) -> None:
    hub.config("set", "super_admin_emails", f"{OWNER},{email}")
    page = sign_in(visitor, emulator, email)
    expect_member(page, email)
    expect(page.get_by_text(explanation)).to_be_visible()
    assert page.request.get("/api/config").status == 403


def test_a_removed_super_admin_loses_the_next_page(
    visitor: Visitor, emulator: Emulator, hub: HubProcess
) -> None:
    hub.config("set", "super_admin_emails", OWNER)
    page = sign_in(visitor, emulator)
    expect(page.get_by_role("link", name="Configuration").first).to_be_visible()
    hub.config("set", "super_admin_emails", "other@example.com")
    page.reload()
    expect_member(page, OWNER)
    hub.config("set", "super_admin_emails", OWNER)


def test_an_unknown_user_gets_a_page_with_a_way_on(
    browser: Browser, hub: HubProcess, emulator: Emulator
) -> None:
    with visiting(browser, base_url=hub.url) as visitor:
        page = sign_in(visitor, emulator, workos.UNKNOWN)
        assert heading(page) == "WorkOS does not know this account"
        emulator.let_sign_in(OWNER)
        page.get_by_role("link", name="Use another account").click()
        expect(page.get_by_role("link", name="Configuration").first).to_be_visible()


def test_a_wrong_state_gets_a_page_with_a_way_on(
    browser: Browser, hub: HubProcess, emulator: Emulator
) -> None:
    emulator.let_sign_in(OWNER)
    with visiting(browser, base_url=hub.url) as visitor:
        page = visitor.page
        page.goto("/auth/callback?code=auth_code_1&state=made-up")
        assert heading(page) == "This sign-in has expired"
        page.get_by_role("link", name="Sign in").click()
        expect(page).to_have_url(f"{hub.url}/")


def test_a_new_key_is_used_and_a_revoked_one_is_said(
    browser: Browser, hub: HubProcess, emulator: Emulator
) -> None:
    emulator.let_sign_in(OWNER)
    with visiting(browser, base_url=hub.url) as visitor:
        page = sign_in(visitor, emulator)
        page.goto("/auth/workos")
        for key, said in (
            ("sk_test_revoked_key", "WorkOS does not know this API key."),
            (workos.OTHER_API_KEY, "This redirect URI is not registered at WorkOS yet"),
        ):
            hub.manage("config", "set", "workos_api_key", "--stdin", text=key)
            page.get_by_role("button", name="Test the connection").click()
            expect(page.get_by_role("status").filter(has_text=said)).to_be_visible()
        emulator.call("POST", "/user_management/redirect_uris", {"uri": f"{hub.url}/auth/callback"})
        page.get_by_role("button", name="Test the connection").click()
        expect(page.get_by_role("status").filter(has_text="WorkOS accepts the API key")).to_be_visible()


def fill_wizard(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_text("WorkOS", exact=True).click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("WorkOS Client ID").fill(CLIENT_ID)
    page.get_by_label("WorkOS API Key").fill(API_KEY)
    page.get_by_label("Super Admins").fill(OWNER)
    for step in ("network", "security", "review"):
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url(f"**/setup/{step}/")


def test_the_first_run_ends_on_the_dashboard_after_a_sign_in_at_workos(
    browser: Browser, any_hub_process: HubProcess, emulator: Emulator
) -> None:
    connect(any_hub_process, emulator.url)
    any_hub_process.serve(workers=2)
    with visiting(browser) as visitor:
        page = visitor.page
        fill_wizard(page, any_hub_process.manage("setup_token").split()[-1])
        emulator.let_sign_in(workos.MEMBER)
        page.get_by_role("button", name="Sign in with WorkOS to finish").click()
        expect(page.get_by_role("heading", name="You are not one of the super admins")).to_be_visible()
        assert any_hub_process.health()["state"] == "unconfigured"
        page.get_by_role("link", name="Go back").click()
        emulator.let_sign_in(OWNER)
        page.get_by_role("button", name="Sign in with WorkOS to finish").click()
        expect(page.get_by_role("heading", name="This hub is yours")).to_be_visible()
        page.get_by_role("link", name=re.compile("Open the dashboard")).click()
        expect(page.get_by_role("button", name=OWNER)).to_be_visible()
        expect(page.get_by_role("link", name="Configuration").first).to_be_visible()
    assert any_hub_process.config("get", "app_mode") == "workos"


def test_a_local_hub_is_upgraded_and_its_shell_leads_back(
    browser: Browser, hub_process: HubProcess, emulator: Emulator
) -> None:
    hub = hub_process
    connect(hub, emulator.url)
    hub.claim()
    hub.config("set", f"workos_client_id={CLIENT_ID}")
    hub.manage("config", "set", "workos_api_key", "--stdin", text=API_KEY)
    hub.serve(workers=2)
    emulator.let_sign_in(OWNER)
    with visiting(browser, base_url=hub.url) as visitor:
        page = visitor.page
        page.goto("/auth/workos")
        page.get_by_label("E-mail address").fill(OWNER)
        page.locator("input[type=password]").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Sign in at WorkOS and switch").click()
        expect(page).to_have_url(f"{hub.url}/")
        assert hub.config("get", "app_mode") == "workos"
        expect(page.get_by_role("link", name="Configuration").first).to_be_visible()
        hub.config("set", "app_mode", "local")
        wait_for(lambda: page.request.get("/api/config").status == 401, "the session to end")
        page.goto("/")
        expect(page.locator("input[type=password]")).to_be_visible()
        assert visitor.complaints == []
