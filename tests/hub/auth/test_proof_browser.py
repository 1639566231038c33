"""A sensitive change long after the sign-in, as somebody in front of Chromium sees it (requirement W7)."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsers.chromium import (
    PHONE,
    Visitor,
    browser,
    fill_in_sign_in,
    hub,
    photograph,
    visiting,
)
from tests.support.processes.hub_process import PASSWORD, ROOT, HubProcess
from tests.support.waiting import wait_for
from tests.support.workos import emulator as workos
from tests.support.workos.emulator import running_emulator
from tests.support.workos.served_hub import claim_for_workos, connect

__all__ = ["browser", "hub"]  # fixtures

pytestmark = pytest.mark.xdist_group("browser")

EDITOR = "/admin/config_app/systemconfig/"
HOSTS, SECRET = "hub.example.com", "sk_canary_f00dcafe"
PICTURES = ROOT / "build" / "photographs"
FORGET = """
from django.contrib.sessions.backends.db import SessionStore
for found in SessionStore.get_model_class().objects.all():
    session = SessionStore(found.session_key)
    session["proved_at"] = 0
    session.save()
"""


def long_ago(hub: HubProcess) -> None:
    """Let every sign-in be long ago."""
    hub.manage("shell", "-v", "0", "-c", FORGET)


def sign_in(hub: HubProcess, visitor: Visitor) -> Page:
    """Sign the owner in, long ago, and open the editor."""
    page = visitor.page
    page.goto(f"/auth/login?next={EDITOR}")
    fill_in_sign_in(page)
    page.wait_for_url(f"**{EDITOR}")
    long_ago(hub)
    return page


def edit(page: Page) -> None:
    """Type a sensitive value, one that is not, and a secret."""
    page.get_by_label("Allowed Hosts", exact=True).fill(HOSTS)
    page.get_by_label("Log Level", exact=True).select_option("debug")
    page.get_by_label("WorkOS API Key", exact=True).fill(SECRET)


def expect_saved(hub: HubProcess, page: Page) -> None:
    wait_for(lambda: hub.config("get", "allowed_hosts") == HOSTS, "the change to be saved")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("✓ configured", exact=False).first).to_be_visible()
    assert hub.config("get", "workos_api_key", "--reveal") == SECRET
    hub.config("unset", "allowed_hosts", "workos_api_key", "log_level")


@pytest.mark.parametrize("first", ["Save", "Review changes"])
def test_the_dialog_asks_and_nothing_that_was_typed_is_lost(
    hub: HubProcess, browser: Browser, first: str
) -> None:
    with visiting(browser, base_url=hub.url) as visitor:
        page = sign_in(hub, visitor)
        edit(page)
        page.get_by_role("button", name=first, exact=True).click()
        dialog = page.get_by_role("dialog")
        password = dialog.get_by_label("Your password")
        expect(password).to_be_focused()
        password.fill("wrong")
        password.press("Enter")
        expect(dialog.get_by_text("This is not your password.")).to_be_visible()
        photograph(page, PICTURES / f"proof-{first[:4].lower()}.png")
        password.fill(PASSWORD)
        dialog.get_by_role("button", name="Apply").click()
        expect_saved(hub, page)
        assert visitor.complaints == []


def test_a_fresh_sign_in_is_asked_for_nothing(hub: HubProcess, browser: Browser) -> None:
    with visiting(browser, base_url=hub.url) as visitor:
        page = sign_in(hub, visitor)
        edit(page)
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("dialog").get_by_label("Your password").fill(PASSWORD)
        page.get_by_role("dialog").get_by_role("button", name="Apply").click()
        expect_saved(hub, page)
        page.goto(EDITOR)
        edit(page)
        page.get_by_role("button", name="Save", exact=True).click()
        expect_saved(hub, page)


def test_what_is_not_sensitive_is_saved_as_ever(hub: HubProcess, browser: Browser) -> None:
    with visiting(browser, base_url=hub.url) as visitor:
        page = sign_in(hub, visitor)
        page.get_by_label("Log Level", exact=True).select_option("debug")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Log Level info → debug")).to_be_visible()
        hub.config("unset", "log_level")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_scripts_the_page_asks_beside_the_buttons(
    hub: HubProcess, browser: Browser, scheme: str
) -> None:
    with visiting(browser, PHONE, scheme, base_url=hub.url, java_script_enabled=False) as visitor:
        page = sign_in(hub, visitor)
        edit(page)
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("enter WorkOS API Key once more")).to_be_visible()
        expect(page.get_by_label("Allowed Hosts", exact=True)).to_have_value(HOSTS)
        assert SECRET not in page.content()
        page.screenshot(path=str(PICTURES / f"proof-no-script-{scheme}.png"))
        page.get_by_label("WorkOS API Key", exact=True).fill(SECRET)
        page.get_by_label("Your password").fill(PASSWORD)
        page.screenshot(path=str(PICTURES / f"proof-no-script-field-{scheme}.png"))
        page.get_by_role("button", name="Save", exact=True).click()
        expect_saved(hub, page)


def test_in_mode_workos_a_sign_in_in_another_tab_is_the_proof(
    hub_process: HubProcess, browser: Browser, tmp_path: Path
) -> None:
    hub = hub_process
    with running_emulator(tmp_path) as emulator:
        connect(hub, emulator.url)
        claim_for_workos(hub, workos.CLIENT_ID, workos.API_KEY)
        hub.serve(workers=2)
        emulator.let_sign_in(workos.OWNER)
        with visiting(browser, base_url=hub.url) as visitor:
            page = visitor.page
            page.goto(EDITOR)
            long_ago(hub)
            page.get_by_label("Allowed Hosts", exact=True).fill(HOSTS)
            page.get_by_role("button", name="Save", exact=True).click()
            dialog = page.get_by_role("dialog")
            dialog.get_by_role("button", name="Apply").click()
            expect(dialog.get_by_text("Sign in again first")).to_be_visible()
            photograph(page, PICTURES / "proof-workos.png")
            with page.context.expect_page() as opened:
                dialog.get_by_role("link", name="sign in again").click()
            expect(opened.value.get_by_role("heading", name="Identity confirmed")).to_be_visible()
            photograph(opened.value, PICTURES / "proof-given.png")
            dialog.get_by_role("button", name="Apply").click()
            expect(page.get_by_text("Allowed Hosts empty")).to_be_visible()
            assert visitor.complaints == []
    assert hub.config("get", "allowed_hosts") == HOSTS
