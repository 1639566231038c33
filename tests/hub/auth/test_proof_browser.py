"""A sensitive change long after the sign-in, tested in Chromium (requirement W7)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsers import signed_in
from tests.support.browsers.chromium import (
    PHONE,
    Visitor,
    browser,
    hub,
    photograph,
    visiting,
)
from tests.support.processes.claimed_hubs import left_as_it_was
from tests.support.processes.hub_process import PASSWORD, HubProcess
from tests.support.soak import times
from tests.support.waiting import wait_for
from tests.support.workos import emulator as workos
from tests.support.workos.emulator import Emulator

__all__ = ["browser", "hub"]  # fixtures

EDITOR = "/admin/config_app/systemconfig/"
HOSTS, SECRET = "hub.example.com", "sk_canary_f00dcafe"
SAVED = "SELECT config_value FROM system_config WHERE config_key = 'allowed_hosts'"
FORGET = """
from django.contrib.sessions.backends.db import SessionStore
for found in SessionStore.get_model_class().objects.all():
    session = SessionStore(found.session_key)
    session["proved_at"] = 0
    session.save()
"""


def sign_in(hub: HubProcess, visitor: Visitor) -> Page:
    """Sign the owner in, as if that had happened long ago, and open the editor."""
    page = visitor.page
    signed_in.sign_in(page, hub, ago=signed_in.LONG_AGO)
    page.goto(EDITOR)
    return page


def edit(page: Page) -> None:
    """Enter a value that is sensitive, a value that is not sensitive, and a secret."""
    page.get_by_label("Allowed Hosts", exact=True).fill(HOSTS)
    page.get_by_label("Log Level", exact=True).select_option("debug")
    page.get_by_label("WorkOS API Key", exact=True).fill(SECRET)


def expect_saved(hub: HubProcess, page: Page) -> None:
    wait_for(lambda: hub.sql(SAVED) == [(HOSTS,)], "the change to be saved")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("✓ configured", exact=False).first).to_be_visible()
    assert hub.config("get", "workos_api_key", "--reveal") == SECRET
    hub.config("unset", "allowed_hosts", "workos_api_key", "log_level")


def edit_and_prove(hub: HubProcess, page: Page, first: str) -> None:
    """Edit, press the button ``first``, and enter a wrong and then the right password in the dialog."""
    edit(page)
    page.get_by_role("button", name=first, exact=True).click()
    dialog = page.get_by_role("dialog")
    password = dialog.get_by_label("Your password")
    expect(password).to_be_focused()
    password.fill("wrong")
    password.press("Enter")
    expect(dialog.get_by_text("This is not your password.")).to_be_visible()
    photograph(page, f"proof-{first[:4].lower()}")
    password.fill(PASSWORD)
    dialog.get_by_role("button", name="Apply").click()
    expect_saved(hub, page)


def test_the_review_asks_and_nothing_that_was_typed_is_lost(hub: HubProcess, browser: Browser) -> None:
    with visiting(browser, base_url=hub.url) as visitor:
        edit_and_prove(hub, sign_in(hub, visitor), "Review changes")
        assert visitor.complaints == []


def test_a_dialog_asks_when_saving_and_asks_for_nothing_after_the_proof(
    hub: HubProcess, browser: Browser
) -> None:
    with visiting(browser, base_url=hub.url) as visitor:
        page = sign_in(hub, visitor)
        edit_and_prove(hub, page, "Save")
        assert visitor.complaints == []
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


@pytest.mark.repeats
@pytest.mark.parametrize("scheme", ["light", "dark"][: times(1, 2)])
def test_without_scripts_the_page_asks_beside_the_buttons(
    hub: HubProcess, browser: Browser, scheme: str
) -> None:
    with visiting(browser, PHONE, scheme, base_url=hub.url, java_script_enabled=False) as visitor:
        page = sign_in(hub, visitor)
        edit(page)
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Enter WorkOS API Key again")).to_be_visible()
        expect(page.get_by_label("Allowed Hosts", exact=True)).to_have_value(HOSTS)
        assert SECRET not in page.content()
        photograph(page, f"proof-no-script-{scheme}", whole=False)
        page.get_by_label("WorkOS API Key", exact=True).fill(SECRET)
        page.get_by_label("Your password").fill(PASSWORD)
        photograph(page, f"proof-no-script-field-{scheme}", whole=False)
        page.get_by_role("button", name="Save", exact=True).click()
        expect_saved(hub, page)


def test_in_mode_workos_a_sign_in_in_another_tab_is_the_proof(
    served_once_with_workos: HubProcess, browser: Browser, emulator: Emulator
) -> None:
    with left_as_it_was(served_once_with_workos) as hub:
        emulator.let_sign_in(workos.OWNER)
        with visiting(browser, base_url=hub.url) as visitor:
            page = visitor.page
            page.goto(EDITOR)
            hub.manage("shell", "-v", "0", "-c", FORGET)  # makes every sign-in long ago
            page.get_by_label("Allowed Hosts", exact=True).fill(HOSTS)
            page.get_by_role("button", name="Save", exact=True).click()
            dialog = page.get_by_role("dialog")
            dialog.get_by_role("button", name="Apply").click()
            expect(dialog.get_by_text("Sign in again. Then save")).to_be_visible()
            photograph(page, "proof-workos")
            with page.context.expect_page() as opened:
                dialog.get_by_role("link", name="sign in again").click()
            expect(opened.value.get_by_role("heading", name="Identity confirmed")).to_be_visible()
            photograph(opened.value, "proof-given")
            dialog.get_by_role("button", name="Apply").click()
            expect(page.get_by_text("Allowed Hosts empty")).to_be_visible()
            assert visitor.complaints == []
        assert hub.config("get", "allowed_hosts") == HOSTS
