"""A change that locks the browser out reverts by itself, tested in Chromium."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsers.chromium import Visitor, browser, photograph, visiting
from tests.support.browsers.signed_in import sign_in
from tests.support.processes.claimed_hubs import left_as_it_was
from tests.support.processes.hub_process import OWNER, HubProcess
from tests.support.processes.served_hub import wait_for_workers, wait_until_used_everywhere
from tests.support.soak import times
from tests.support.waiting import wait_for

__all__ = ["browser"]  # a fixture

EDITOR = "/admin/config_app/systemconfig/"
NAME, OTHER_NAME = "hub.localhost", "elsewhere.localhost"
LONGER_THAN_THE_PERIOD = 60.0

# What the page shows is the same on both databases.
on_sqlite = pytest.mark.parametrize("hub", ["sqlite"], indirect=True)


def on_one_database(first: str, other: str) -> pytest.MarkDecorator:
    """Run a test, which takes long, on the database ``first``, and in ``make soak`` on ``other`` too."""
    return pytest.mark.parametrize("hub", [first, other][: times(1, 2)], indirect=True)


@pytest.fixture(scope="module")
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], HubProcess]]:
    """Give a function that returns the served hub on a database, which the tests share.

    Receipts of killed processes stay, so a test that kills has a hub of its own (``"sqlite, killed"``).
    """
    with contextlib.ExitStack() as stack:

        @functools.cache
        def on(database: str) -> HubProcess:
            url = None
            if database.startswith("postgresql"):
                url = request.getfixturevalue("postgresql_server").new_database()
            hub = stack.enter_context(HubProcess(tmp_path_factory.mktemp(database), database_url=url))
            hub.claim()
            hub.environment["DJANGO_SETTINGS_MODULE"] = "tests.support.processes.hasty_settings"
            hub.config("set", "allowed_hosts", NAME)
            hub.serve(workers=2)
            return hub

        yield on


@pytest.fixture
def hub(request: pytest.FixtureRequest, served: Callable[[str], HubProcess]) -> Iterator[HubProcess]:
    """Give a claimed hub with a host name of its own and a short time to confirm."""
    with left_as_it_was(served(request.param)) as hub:
        wait_for_workers(hub, 2)
        yield hub


@pytest.fixture
def visitor(hub: HubProcess, browser: Browser) -> Iterator[Visitor]:
    """Give a browser that uses this host name and in which the owner is signed in."""
    with visiting(browser) as visitor:
        sign_in(visitor.page, hub, host=NAME)
        yield visitor


def address(hub: HubProcess, path: str = "/") -> str:
    return f"http://{NAME}:{hub.port}{path}"


def wait_for_revert(hub: HubProcess, page: Page) -> None:
    """Wait until the browser is no longer locked out."""
    what = "the change to revert"
    # First ask without the browser, because a page load in the browser is slow.
    host = f"{NAME}:{hub.port}"
    wait_for(lambda: hub.get("/", Host=host).status != 400, what, LONGER_THAN_THE_PERIOD, pause=0.4)
    wait_for(lambda: page_status(hub, page) == 200, what)


def page_status(hub: HubProcess, page: Page) -> int:
    """Return the response status that the browser gets for the hub's front page."""
    answer = page.goto(address(hub))
    return answer.status if answer else 0


def save(page: Page, label: str, value: str) -> None:
    """Change a setting in the editor, which is open."""
    page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Save").first.click()


def lock_out(hub: HubProcess, page: Page) -> None:
    """Remove the browser's host name from the allowed hosts; check that the browser is locked out."""
    page.goto(address(hub, EDITOR))
    save(page, "Allowed Hosts", OTHER_NAME)
    expect(page.get_by_role("heading", name="Continue at")).to_be_visible()
    wait_until_used_everywhere(hub)
    assert page_status(hub, page) == 400


def last_change(hub: HubProcess) -> tuple[str, str]:
    return hub.sql("SELECT channel, actor FROM config_revision ORDER BY number DESC LIMIT 1")[0]


def kill_every_process(hub: HubProcess) -> None:
    """Kill the master and every worker, as the kernel does when memory runs out."""
    wait_for_workers(hub, 2)
    hub.kill()


@pytest.mark.repeats
@on_one_database("sqlite", "postgresql")
def test_a_change_that_locks_the_browser_out_reverts_by_itself(hub: HubProcess, visitor: Visitor) -> None:
    lock_out(hub, visitor.page)
    wait_for_revert(hub, visitor.page)
    assert last_change(hub) == ("revert", "auto-revert")
    assert hub.config("get", "allowed_hosts") == NAME
    expect(visitor.page.get_by_text("was not confirmed in time")).to_be_visible()


@pytest.mark.repeats
@on_one_database("postgresql, killed", "sqlite, killed")
def test_it_reverts_as_well_after_every_process_was_killed(hub: HubProcess, visitor: Visitor) -> None:
    lock_out(hub, visitor.page)
    kill_every_process(hub)
    assert last_change(hub) == ("admin", OWNER)
    hub.serve(workers=2)
    wait_for_revert(hub, visitor.page)
    assert last_change(hub) == ("revert", "auto-revert")


@pytest.fixture
def patient(served_once: HubProcess) -> Iterator[HubProcess]:
    """Give a served hub with five minutes to confirm, so that even a slow browser confirms in time."""
    with left_as_it_was(served_once) as hub:
        yield hub


def test_a_change_that_is_confirmed_in_time_stays(patient: HubProcess, browser: Browser) -> None:
    with visiting(browser, base_url=patient.url) as visitor:
        page = visitor.page
        sign_in(page, patient)
        page.goto(EDITOR)
        save(page, "Trusted Proxies", "10.0.0.0/8")
        banner = page.get_by_label("Waiting to be confirmed")
        expect(banner.get_by_role("timer")).to_have_text(re.compile(r"^4:[0-5]\d$"))  # it began at 5:00
        photograph(page, "unconfirmed")
        wait_until_used_everywhere(patient)  # no other process confirms it
        banner.get_by_role("button", name="Confirm").click()
        expect(page.get_by_text("is confirmed and stays")).to_be_visible()
        expect(banner).to_be_hidden()
        newest = patient.sql("SELECT outcome FROM config_confirmation ORDER BY revision_id DESC LIMIT 1")
        assert newest == [("confirmed",)]
        assert visitor.complaints == []


@on_sqlite
def test_a_browser_without_scripts_sees_until_when_and_can_revert(hub: HubProcess, browser: Browser) -> None:
    hub.config("set", "trusted_proxies", "10.0.0.0/8", "--confirm", "5m", "--wait")
    with visiting(browser, java_script_enabled=False) as visitor:
        page = visitor.page
        sign_in(page, hub, host=NAME)
        page.goto(address(hub))
        banner = page.get_by_label("Waiting to be confirmed")
        expect(banner).to_contain_text("UTC")
        banner.get_by_role("button", name="Revert now").click()
        expect(page.get_by_text("is reverted")).to_be_visible()
    assert hub.config("get", "trusted_proxies") == ""
