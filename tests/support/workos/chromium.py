"""Chromium, a served hub in mode workos, and WorkOS's own emulator."""

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
    """Give a visitor; fail if the browser's console shows an error or a warning."""
    with visiting(browser, base_url=hub.url) as visitor:
        yield visitor
    assert visitor.complaints == []


def heading(page: Page) -> str:
    """Return the page's heading."""
    return page.get_by_role("heading", level=1).inner_text()


def sign_in(visitor: Visitor, emulator: Emulator, email: str = OWNER) -> Page:
    """Sign in at AuthKit with ``email``; return the page that this leads to."""
    emulator.let_sign_in(email)
    visitor.page.goto("/auth/login")
    return visitor.page


def expect_super_admin(page: Page) -> None:
    """Expect the dashboard with the links that only super admins see."""
    expect(page.get_by_role("link", name="Configuration").first).to_be_visible()


def press_test(page: Page) -> Locator:
    """Press the button for the connection test; return the element that shows the result."""
    result = page.locator(".probe", has=page.get_by_role("button", name="Test the connection"))
    result.get_by_role("button").click()
    return result.get_by_role("status")


def copy_redirect_uri(page: Page) -> str:
    """Press the copy button beside the redirect URI; return the content of the clipboard."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    note = page.locator(".note", has_text="Redirect URI to register at WorkOS")
    note.get_by_role("button", name="Copy").click()
    expect(note.get_by_role("button")).to_have_text("Copied")
    return str(page.evaluate("navigator.clipboard.readText()"))
