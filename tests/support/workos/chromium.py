"""Real Chromium on a served hub in mode workos, with WorkOS's own emulator behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.browsers.chromium import Visitor, visiting
from tests.support.processes.claimed_hubs import left_as_it_was
from tests.support.processes.hub_process import HubProcess
from tests.support.workos.emulator import OWNER, Emulator

EDITOR = "/admin/config_app/systemconfig/"
LONG_AGO = "UPDATE hub_workos_session SET fresh_until = '2026-01-01 00:00:00'"


@pytest.fixture(scope="module")
def hub(served_once_with_workos: HubProcess) -> Iterator[HubProcess]:
    """Give a served hub in mode workos, as it was claimed."""
    with left_as_it_was(served_once_with_workos) as hub:
        yield hub


@pytest.fixture
def visitor(browser: Browser, hub: HubProcess) -> Iterator[Visitor]:
    """Give a browser that complains about nothing."""
    with visiting(browser, base_url=hub.url) as visitor:
        yield visitor
    assert visitor.complaints == []


def heading(page: Page) -> str:
    """Return what the page is about."""
    return page.get_by_role("heading", level=1).inner_text()


def sign_in(visitor: Visitor, emulator: Emulator, email: str = OWNER) -> Page:
    """Sign somebody in at AuthKit and return the page where that ends."""
    emulator.let_sign_in(email)
    visitor.page.goto("/auth/login")
    return visitor.page


def expect_super_admin(page: Page) -> None:
    """Expect the dashboard as somebody sees it who may change everything."""
    expect(page.get_by_role("link", name="Configuration").first).to_be_visible()


def press_test(page: Page) -> Locator:
    """Press the connection test and return where its result appears."""
    result = page.locator(".probe", has=page.get_by_role("button", name="Test the connection"))
    result.get_by_role("button").click()
    return result.get_by_role("status")


def copy_redirect_uri(page: Page) -> str:
    """Press the button beside the redirect URI and return what is in the clipboard then."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    note = page.locator(".note", has_text="Redirect URI to register at WorkOS")
    note.get_by_role("button", name="Copy").click()
    expect(note.get_by_role("button")).to_have_text("Copied")
    return str(page.evaluate("navigator.clipboard.readText()"))
