"""Pages that show the progress of a change reload until it is finished, tested in Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsers.chromium import Visitor, browser, hub, visiting
from tests.support.browsers.signed_in import sign_in
from tests.support.processes.hub_process import HubProcess
from tests.support.waiting import wait_for

__all__ = ["browser", "hub"]  # fixtures

EDITOR = "/admin/config_app/systemconfig/"
ANOTHER = """
INSERT INTO config_process
    (machine, instance, pid, role, revision, since, started_at, seen_at, pins, pending, error)
SELECT machine, instance, 1, 'worker', {revision}, since, started_at, seen_at, pins, '{pending}', ''
FROM config_process WHERE role = 'worker' LIMIT 1
"""
THERE = """
SELECT count(*) FROM config_process WHERE revision = (SELECT max(number) FROM config_revision)
"""
TAKEN_UP = "UPDATE config_process SET revision = {revision}, pending = '[]' WHERE pid = 1"


@pytest.fixture
def revision(hub: HubProcess) -> int:
    """Return the revision that the master and both workers now use."""
    [(number,)] = hub.sql("SELECT max(number) FROM config_revision")
    wait_for(lambda: hub.sql(THERE) == [(3,)], "every process to say so")
    return int(number)


@pytest.fixture
def visitor(hub: HubProcess, browser: Browser) -> Iterator[Visitor]:
    """Give a browser in which the owner is signed in."""
    with visiting(browser, base_url=hub.url) as visitor:
        sign_in(visitor.page, hub)
        yield visitor


@pytest.fixture
def straggler(hub: HubProcess, revision: int) -> Iterator[None]:
    """Add a receipt of another process that is one revision behind and still has to apply the port."""
    hub.sql(ANOTHER.format(revision=revision - 1, pending='["port"]'))
    yield
    hub.sql("DELETE FROM config_process WHERE pid = 1")


def stay(page: Page) -> None:
    """Mark the page; the mark is gone after a reload."""
    page.evaluate("document.body.dataset.stayed = 'yes'")


def expect_stayed(visitor: Visitor) -> None:
    expect(visitor.page.locator("body[data-stayed]")).to_be_attached()
    assert visitor.complaints == []


def test_the_dashboard_says_so_once_everybody_has_taken_a_change_up(
    hub: HubProcess, revision: int, straggler: None, visitor: Visitor
) -> None:
    page = visitor.page
    page.goto("/")
    stay(page)
    expect(page.locator("#hero")).to_contain_text(f"3 of 4 processes at revision {revision}")
    expect(page.get_by_text("Behind")).to_be_visible()
    expect(page.get_by_text("Pending")).to_be_visible()
    expect(page.locator(".cell--behind")).to_have_count(1)
    hub.sql(TAKEN_UP.format(revision=revision))
    expect(page.locator("#hero")).to_contain_text(f"4 of 4 processes at revision {revision}")
    expect(page.get_by_text("Behind")).to_have_count(0)
    expect(page.get_by_text("Pending")).to_have_count(0)
    expect(page.locator(".cell--behind")).to_have_count(0)
    expect_stayed(visitor)


def test_what_a_dashboard_says_of_one_change_it_says_everywhere(
    hub: HubProcess, revision: int, straggler: None, visitor: Visitor
) -> None:
    page = visitor.page
    page.goto("/")
    expect(page.locator("#hero")).to_contain_text(f"3 of 4 processes at revision {revision}")
    hub.config("set", f"csp_report_uri=https://example.com/{revision}", "--confirm", "5m")
    wait_for(lambda: hub.sql(THERE) == [(3,)], "every process but the straggler to say so")
    hub.sql(TAKEN_UP.format(revision=revision + 1))
    expect(page.locator("#hero")).to_contain_text(f"4 of 4 processes at revision {revision + 1}")
    expect(page.locator(".timeline").get_by_text(f"Revision {revision + 1}")).to_be_visible()
    page.locator("#hero").get_by_role("link", name="problem").click()
    expect(page.locator("#problems")).to_be_in_viewport()
    hub.config("confirm", str(revision + 1))


def test_the_editor_says_so_and_keeps_what_was_typed(
    hub: HubProcess, revision: int, straggler: None, visitor: Visitor
) -> None:
    page = visitor.page
    page.goto(EDITOR)
    stay(page)
    page.get_by_label("Port", exact=True).fill("9321")
    expect(page.get_by_text(f"3 of 4 processes at revision {revision}")).to_be_visible()
    expect(page.get_by_text("Pending in 1 of 4 processes")).to_be_visible()
    hub.sql(TAKEN_UP.format(revision=revision))
    expect(page.get_by_text(f"4 of 4 processes at revision {revision}")).to_be_visible()
    expect(page.get_by_text("Pending in")).to_have_count(0)
    expect(page.get_by_label("Port", exact=True)).to_have_value("9321")
    expect_stayed(visitor)


def test_a_save_ends_with_every_process_at_its_revision(hub: HubProcess, visitor: Visitor) -> None:
    page = visitor.page
    hub.config("set", "log_level", "debug")
    page.goto(EDITOR)
    page.get_by_label("Log Level", exact=True).select_option("warning")
    page.get_by_role("button", name="Save").first.click()
    saved = page.locator(".messagelist")
    expect(saved).to_be_visible()
    number = re.findall(r"Revision (\d+)", saved.inner_text())[0]
    expect(page.locator("#cfg-progress")).to_contain_text(f"3 of 3 processes at revision {number}")
    expect(saved).to_be_visible()
    assert visitor.complaints == []
