"""The wizard in Chromium, without a mouse and without scripts (requirement S9)."""

from __future__ import annotations

import socket

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.browsers.chromium import PHONE, browser, finish_from_the_account, visiting
from tests.support.processes.hub_process import OWNER, PASSWORD, HubProcess
from tests.support.processes.served_hub import wait_for_workers

__all__ = ["browser"]  # a fixture

FURTHEST = 60
"""Number of Tab presses after which the focus has reached every element of a page."""


@pytest.fixture
def hub(started_hub: HubProcess) -> HubProcess:
    """Give an unclaimed hub with one worker."""
    started_hub.serve(workers=1)
    wait_for_workers(started_hub, 1)  # the link names the port that is in a receipt
    return started_hub


def go_to(page: Page, target: Locator) -> None:
    """Move the focus to ``target`` with the Tab key alone."""
    element = target.element_handle()
    for _ in range(FURTHEST):
        if element.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not reach {target}")


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    go_to(page, target)
    page.keyboard.press(key)


def enter(page: Page, label: str, text: str) -> None:
    go_to(page, page.get_by_label(label, exact=True))
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def field(page: Page, label: str) -> Locator:
    """Return the element that contains a field, its label and its messages."""
    return page.locator(".field", has=page.get_by_label(label, exact=True))


def test_a_keyboard_is_enough_and_says_what_is_wrong_while_one_types(
    hub: HubProcess, browser: Browser
) -> None:
    with visiting(browser) as visitor, socket.create_server(("127.0.0.1", 0)) as other:
        page = visitor.page
        page.goto(hub.manage("setup_token").split()[-1])
        page.wait_for_url("**/setup/mode/")
        press(page, page.get_by_role("radio", name="Local"), "Space")
        press(page, page.get_by_role("button", name="Continue"))
        page.wait_for_url("**/setup/account/")
        enter(page, "E-mail address", "nobody")
        expect(field(page, "E-mail address").locator(".field__error")).to_contain_text("e-mail address")
        enter(page, "E-mail address", OWNER)
        expect(field(page, "E-mail address").locator(".field__error")).to_be_empty()
        for box in page.locator("input[type=password]").all():
            go_to(page, box)
            page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/setup/network/")
        probe_ports(hub, page, other.getsockname()[1])
        press(page, page.get_by_role("link", name="Back"))
        page.wait_for_url("**/setup/account/")
        expect(page.get_by_label("E-mail address")).to_have_value(OWNER)
        for step in ("account", "network", "security"):
            page.wait_for_url(f"**/setup/{step}/")
            press(page, page.get_by_role("button", name="Continue"))
        page.wait_for_url("**/setup/review/")
        press(page, page.get_by_role("button", name="Finish"))
        expect(page.get_by_role("heading", name="This hub is yours")).to_be_visible()
        assert visitor.complaints == []
    assert hub.get("/setup/").status == 404


def probe_ports(hub: HubProcess, page: Page, taken: int) -> None:
    """Test a port that another program uses, and then the port of the hub."""
    result = page.locator(".probe__result")
    for port, state in ((taken, "error"), (hub.port, "ok")):
        enter(page, "Port", str(port))
        press(page, page.locator("[data-probe-url]"))
        expect(result).to_have_attribute("data-state", state)
        expect(result).to_contain_text(str(port))


def test_a_phone_without_scripts_is_enough(hub: HubProcess, browser: Browser) -> None:
    token = hub.manage("setup_token").strip().partition("#")[2].partition("=")[2]
    with visiting(browser, PHONE, "dark", java_script_enabled=False) as visitor:
        page = visitor.page
        page.goto(f"{hub.url}/setup/")
        page.locator("input[name=token]").fill(token)
        for step in ("", "mode"):
            page.wait_for_url(f"**/setup/{step}/" if step else "**/setup/")
            page.get_by_role("button", name="Continue").click()
        page.wait_for_url("**/setup/account/")
        page.get_by_label("E-mail address").fill("nobody")
        for box in page.locator("input[type=password]").all():
            box.fill(PASSWORD)
        page.get_by_role("button", name="Continue").click()
        expect(field(page, "E-mail address").locator(".field__error")).to_contain_text("e-mail address")
        expect(page.get_by_label("E-mail address")).to_have_value("nobody")
        page.get_by_label("E-mail address").fill(OWNER)
        for box in page.locator("input[type=password]").all():
            box.fill(PASSWORD)
        finish_from_the_account(page)
        expect(page.get_by_role("heading", name="This hub is yours")).to_be_visible()
    assert hub.get("/setup/").status == 404
