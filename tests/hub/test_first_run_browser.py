"""The whole first run of an operator: link, wizard, sign-in, a change that reaches other workers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsers.chromium import (
    ARE_TAKEN,
    Visitor,
    browser,
    fill_in_sign_in,
    look,
    photograph,
    visiting,
)
from tests.support.processes.hub_process import OWNER, PASSWORD, HubProcess, hub_of_a_module
from tests.support.processes.served_hub import ask_every_worker, wait_for_workers
from tests.support.waiting import wait_for

__all__ = ["browser"]  # a fixture

PAGES = {
    "dashboard": "/",
    "editor": "/admin/config_app/systemconfig/",
    "history": "/admin/config_app/revision/",
    "people": "/admin/hub/user/",
    "admin": "/admin/",
}


@pytest.fixture(scope="module")
def hub() -> Iterator[HubProcess]:
    """Give an unclaimed hub with two workers, in a folder with a short name."""
    with hub_of_a_module() as hub:
        hub.serve(workers=2)
        yield hub


def proceed(page: Page, button: str = "Continue") -> None:
    """Press a button that sends the form of a step."""
    page.get_by_role("button", name=button).click()


def claim(hub: HubProcess, visitor: Visitor) -> None:
    """Walk through the wizard in local mode."""
    page = visitor.page
    page.goto(hub.manage("setup_token").split()[-1])
    page.wait_for_url("**/setup/mode/")
    assert "token" not in page.url
    look(visitor, "wizard-1-mode")
    proceed(page)
    page.wait_for_url("**/setup/account/")
    page.get_by_label("E-mail address").fill(OWNER)
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    look(visitor, "wizard-2-account")
    proceed(page)
    page.wait_for_url("**/setup/network/")
    look(visitor, "wizard-3-network")
    proceed(page)
    page.wait_for_url("**/setup/security/")
    look(visitor, "wizard-4-security")
    proceed(page)
    page.wait_for_url("**/setup/review/")
    look(visitor, "wizard-5-review")
    proceed(page, "Finish")
    expect(page.get_by_role("heading", name="This hub is yours")).to_be_visible()
    look(visitor, "wizard-6-done")


def test_the_whole_first_run(hub: HubProcess, browser: Browser) -> None:
    with visiting(browser) as visitor:
        claim(hub, visitor)
        assert hub.get("/setup/").status == 404
        assert visitor.complaints == []
        look_at_every_page(hub, visitor)
        change_the_log_level(hub, visitor)
        assert visitor.complaints == []
        if ARE_TAKEN:
            take_pictures_for_the_readme(hub, visitor)
        sign_out(hub, visitor)


def look_at_every_page(hub: HubProcess, visitor: Visitor) -> None:
    for name, path in PAGES.items():
        visitor.page.goto(hub.url + path)
        look(visitor, name)
        assert visitor.complaints == [], name


def change_the_log_level(hub: HubProcess, visitor: Visitor) -> None:
    """Change a setting in the editor, and wait until every worker uses it."""
    page = visitor.page
    page.goto(hub.url + PAGES["editor"])
    page.get_by_label("Log Level").select_option("warning")
    page.get_by_label("Reason").fill("less noise")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("Log Level info → warning")).to_be_visible()
    revision = int(hub.sql("SELECT max(number) FROM config_revision")[0][0])
    workers = wait_for_workers(hub, 2)
    wait_for(lambda: revisions(hub) == dict.fromkeys(workers, revision), "every worker to follow")
    assert hub.config("get", "log_level") == "warning"


def take_pictures_for_the_readme(hub: HubProcess, visitor: Visitor) -> None:
    """Take pictures of one window of a hub with some changes; ``make images`` copies them to docs/images."""
    changes = ("allowed_origins=https://app.example.com", "enable_hsts=true")
    hub.config("set", *changes, "--reason", "https for good", "--wait")
    for name in ("dashboard", "editor"):
        visitor.page.goto(hub.url + PAGES[name])
        expect(visitor.page.get_by_text("3 of 3 processes at revision 4").first).to_be_visible()
        photograph(visitor.page, f"readme-{name}", whole=False)


def revisions(hub: HubProcess) -> dict[int, int]:
    """Return the current revision of each worker, by pid."""
    return {pid: report["revision"] for pid, report in ask_every_worker(hub, 2).items()}


def sign_out(hub: HubProcess, visitor: Visitor) -> None:
    """Sign out, and sign in again with the password from the wizard."""
    page = visitor.page
    page.goto(hub.url + "/")
    page.get_by_role("button", name="account").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto(hub.url + "/")
    page.wait_for_url("**/auth/login**")
    look(visitor, "login")
    fill_in_sign_in(page)
    page.wait_for_url(hub.url + "/")
