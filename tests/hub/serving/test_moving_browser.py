"""A user who moves the listener in the browser is led to the new address, tested in Chromium."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsers.chromium import PHONE, browser, keep_code, photograph, visiting
from tests.support.browsers.signed_in import sign_in
from tests.support.ports import free_port
from tests.support.processes.hub_process import OWNER, PASSWORD, HubProcess, hub_of_a_module
from tests.support.processes.listener_moves import MOVE, answers_at
from tests.support.processes.served_hub import wait_for_workers, wait_until_used_everywhere
from tests.support.waiting import wait_for

__all__ = ["browser"]  # a fixture

EDITOR = "/admin/config_app/systemconfig/"
PATIENCE = 60_000


@pytest.fixture(scope="module")
def served_once() -> Iterator[HubProcess]:
    """Give a claimed hub that is served at the address in its configuration."""
    with hub_of_a_module() as hub:
        hub.claim()
        hub.serve_as_configured()
        wait_for_workers(hub, 2)
        yield hub


@pytest.fixture
def served(served_once: HubProcess) -> Iterator[HubProcess]:
    """Give this hub, and confirm afterwards that it stays where a test has moved it."""
    yield served_once
    for (number,) in served_once.sql("SELECT revision_id FROM config_confirmation WHERE outcome = ''"):
        served_once.config("confirm", str(number))
    wait_until_used_everywhere(served_once)


def address(port: int, path: str = "/") -> str:
    return f"http://127.0.0.1:{port}{path}"


def save_port(hub: HubProcess, page: Page, port: int) -> None:
    page.goto(address(hub.port, EDITOR))
    page.get_by_label("Port", exact=True).fill(str(port))
    page.get_by_role("button", name="Save").first.click()


def test_the_page_goes_on_at_the_new_port_where_the_change_is_told_once_and_confirmed(
    served: HubProcess, browser: Browser
) -> None:
    old, port = served.port, free_port()
    with visiting(browser) as visitor:
        page = visitor.page
        sign_in(page, served)
        save_port(served, page, port)
        page.wait_for_url(address(port, EDITOR), timeout=PATIENCE)
        served.port = port
        expect(page.locator(".messagelist")).to_contain_text(f"Port {old} → {port}")
        photograph(page, "moved-and-said")
        page.reload()
        expect(page.locator(".messagelist")).to_have_count(0)
        banner = page.get_by_label("Waiting to be confirmed")
        banner.get_by_role("button", name="Confirm").click()
        expect(page.get_by_text("is confirmed and stays")).to_be_visible(timeout=PATIENCE)
        assert [text for text in visitor.complaints if "ERR_CONNECTION_REFUSED" not in text] == []


def test_without_scripts_a_link_leads_there(served: HubProcess, browser: Browser) -> None:
    port = free_port()
    with visiting(browser, PHONE, "dark", java_script_enabled=False) as visitor:
        page = visitor.page
        sign_in(page, served)
        save_port(served, page, port)
        link = page.locator("#content").get_by_role("link", name=address(port, ""))
        expect(link).to_be_visible(timeout=PATIENCE)
        photograph(page, "elsewhere")
        wait_for(lambda: answers_at(port), "the hub at its new port", MOVE)
        link.click()
        page.wait_for_url(address(port, EDITOR), timeout=PATIENCE)
        served.port = port


def test_a_port_in_use_is_refused_beside_the_field(served: HubProcess, browser: Browser) -> None:
    with visiting(browser) as visitor, socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        sign_in(visitor.page, served)
        save_port(served, visitor.page, port)
        expect(visitor.page.get_by_text(f"port {port} is in use").first).to_be_visible(timeout=PATIENCE)
        photograph(visitor.page, "port-in-use")


def test_the_wizard_leads_a_new_owner_to_the_port_they_chose(
    started_hub: HubProcess, browser: Browser
) -> None:
    served, port = started_hub, free_port()
    served.serve_as_configured()
    wait_for_workers(served, 2)
    with visiting(browser) as visitor:
        page = visitor.page
        walk(served, page, port)
        expect(page.get_by_role("heading", name="This hub is yours")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text("The new address is")).to_be_visible()
        photograph(page, "done-elsewhere")
        wait_for(lambda: answers_at(port), "the hub at its new port", MOVE)
        page.get_by_role("link", name="Continue at the new address").click()
        keep_code(page)
        page.get_by_role("link", name="Open the dashboard").click()
        page.wait_for_url(address(port), timeout=PATIENCE)
        served.port = port
        expect(page.get_by_text(OWNER).first).to_be_visible(timeout=PATIENCE)


def walk(hub: HubProcess, page: Page, port: int) -> None:
    """Claim the hub in the wizard and enter another port."""
    page.goto(hub.manage("setup_token").split()[-1])
    go_on(page, "mode")
    page.wait_for_url("**/setup/account/", timeout=PATIENCE)
    page.get_by_label("E-mail address").fill(OWNER)
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    go_on(page, "account")
    page.wait_for_url("**/setup/network/", timeout=PATIENCE)
    page.get_by_label("Port", exact=True).fill(str(port))
    go_on(page, "network")
    go_on(page, "security")
    page.wait_for_url("**/setup/review/", timeout=PATIENCE)
    page.get_by_role("button", name="Finish").click()


def go_on(page: Page, step: str) -> None:
    page.wait_for_url(f"**/setup/{step}/", timeout=PATIENCE)
    page.get_by_role("button", name="Continue").click()
