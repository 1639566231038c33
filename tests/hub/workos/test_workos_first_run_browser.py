"""How a hub gets into mode workos, in Chromium: in the wizard, or by a later switch (W10)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsers.chromium import Visitor, browser, fill_in_sign_in, keep_code, visiting
from tests.support.browsers.signed_in import sign_in
from tests.support.processes.hub_process import PASSWORD, HubProcess
from tests.support.processes.served_hub import wait_for_workers, wait_until_used_everywhere
from tests.support.soak import times
from tests.support.workos import emulator as workos
from tests.support.workos.chromium import EDITOR, copy_redirect_uri, expect_super_admin, press_test
from tests.support.workos.emulator import API_KEY, CLIENT_ID, OWNER, Emulator
from tests.support.workos.served_hub import connect

__all__ = ["browser"]  # a fixture

NOT_LISTED = "You are not one of the super admins"
FINISH = "Sign in with WorkOS to finish"


def open_credentials(page: Page, hub: HubProcess) -> None:
    """Open the wizard with the printed link, choose mode workos and enter the credentials."""
    page.goto(hub.manage("setup_token").split()[-1])
    page.get_by_text("WorkOS", exact=True).click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("WorkOS Client ID").fill(CLIENT_ID)
    page.get_by_label("WorkOS API Key").fill(API_KEY)
    page.get_by_role("textbox", name="Super Admins").fill(OWNER)


def proceed_to(page: Page, *steps: str) -> None:
    """Press Continue once for each of ``steps``."""
    for step in steps:
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url(f"**/setup/{step}/")


def register_and_test(page: Page, emulator: Emulator, callback: str) -> None:
    """Test the connection, register the redirect URI from the copy button, and test again."""
    expect(press_test(page)).to_have_text(f"This redirect URI is not registered at WorkOS yet: {callback}")
    uri = copy_redirect_uri(page)
    assert uri == callback
    emulator.register(uri)
    expect(press_test(page)).to_have_text("WorkOS accepts the API key and knows the client.")


def be_refused(visitor: Visitor, emulator: Emulator, email: str) -> None:
    """Try to finish as a user who may not; check that the console shows only that 403 response."""
    assert visitor.complaints == []
    emulator.let_sign_in(email)
    visitor.page.get_by_role("button", name=FINISH).click()
    expect(visitor.page.get_by_role("heading", name=NOT_LISTED)).to_be_visible()
    (complaint,) = visitor.complaints
    assert "403 (Forbidden)" in complaint
    visitor.complaints.clear()


@contextlib.contextmanager
def in_the_wizard(hub: HubProcess, browser: Browser, emulator: Emulator) -> Iterator[Visitor]:
    """Serve a hub, and give a browser that has entered the credentials; at the end, it has no complaint."""
    connect(hub, emulator.url)
    hub.serve(workers=2)
    with visiting(browser) as visitor:
        open_credentials(visitor.page, hub)
        yield visitor
        assert visitor.complaints == []


@pytest.mark.repeats
@pytest.mark.parametrize("any_hub_process", ["postgresql", "sqlite"][: times(1, 2)], indirect=True)
def test_the_first_run_ends_on_the_dashboard_after_a_sign_in_at_workos(
    browser: Browser, any_started_hub: HubProcess, emulator: Emulator
) -> None:
    hub = any_started_hub
    with in_the_wizard(hub, browser, emulator) as visitor:
        page = visitor.page
        register_and_test(page, emulator, f"{hub.url}/auth/callback")
        proceed_to(page, "network", "security", "review")
        be_refused(visitor, emulator, workos.MEMBER)
        assert hub.health()["state"] == "unconfigured"
        page.get_by_role("link", name="Go back").click()
        emulator.let_sign_in(OWNER)
        page.get_by_role("button", name=FINISH).click()
        expect(page.get_by_role("heading", name="This hub is yours")).to_be_visible()
        keep_code(page)
        page.get_by_role("link", name=re.compile("Open the dashboard")).click()
        expect(page.get_by_role("button", name=OWNER)).to_be_visible()
        expect_super_admin(page)
    assert hub.config("get", "app_mode") == "workos"


def test_after_a_proof_that_failed_the_wizard_leads_back_to_local_mode(
    browser: Browser, started_hub: HubProcess, emulator: Emulator
) -> None:
    hub = started_hub
    with in_the_wizard(hub, browser, emulator) as visitor:
        page = visitor.page
        page.get_by_role("textbox", name="Super Admins").fill(workos.UNVERIFIED)
        proceed_to(page, "network", "security", "review")
        be_refused(visitor, emulator, workos.UNVERIFIED)
        page.get_by_role("link", name="Go back").click()
        page.get_by_role("link", name="Edit Sign-in").click()
        page.get_by_text("Local", exact=True).click()
        claim_locally(page)
        expect_super_admin(page)
    assert hub.config("get", "app_mode") == "local"


def claim_locally(page: Page) -> None:
    """Complete the wizard in local mode up to the dashboard."""
    proceed_to(page, "account")
    page.get_by_label("E-mail address").fill(OWNER)
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    proceed_to(page, "network", "security")
    page.get_by_role("textbox", name="Super Admins").fill(OWNER)
    proceed_to(page, "review")
    page.get_by_role("button", name="Finish").click()
    keep_code(page)
    page.get_by_role("link", name=re.compile("Open the dashboard")).click()


def enter_credentials(page: Page, hub: HubProcess, emulator: Emulator) -> None:
    """Enter, test and save credentials in the editor, and register the redirect URI that it shows."""
    page.goto(EDITOR)
    page.get_by_label("WorkOS Client ID").fill(CLIENT_ID)
    page.get_by_label("WorkOS API Key").fill(API_KEY)
    expect(press_test(page)).to_contain_text("This redirect URI is not registered at WorkOS yet")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text(re.compile(f"WorkOS Client ID .*→ {CLIENT_ID}"))).to_be_visible()
    wait_until_used_everywhere(hub)
    page.get_by_role("link", name="Register this hub at WorkOS").click()
    register_and_test(page, emulator, f"{hub.url}/auth/callback")


def test_a_local_hub_is_upgraded_in_the_admin_and_its_shell_leads_back(
    browser: Browser, claimed_hub: HubProcess, emulator: Emulator
) -> None:
    hub = claimed_hub
    connect(hub, emulator.url)
    hub.serve(workers=2)
    wait_for_workers(hub, 2)
    emulator.let_sign_in(OWNER)
    with visiting(browser, base_url=hub.url) as visitor:
        page = visitor.page
        sign_in(page, hub)
        enter_credentials(page, hub, emulator)
        page.get_by_role("button", name="Sign in at WorkOS and switch").click()
        expect(page).to_have_url(f"{hub.url}/")
        assert hub.config("get", "app_mode") == "workos"
        expect_super_admin(page)
        hub.config("set", "app_mode", "local", "--wait")
        assert page.request.get("/api/config").status == 401
        page.goto("/")
        fill_in_sign_in(page, OWNER)
        expect_super_admin(page)
        assert visitor.complaints == []
