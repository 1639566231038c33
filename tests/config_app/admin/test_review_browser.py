"""Reviewing and saving in the editor, tested in Chromium, also with the size of a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.browsers.chromium import (
    PHONE,
    Visitor,
    browser,
    hub,
    photograph,
    visiting,
)
from tests.support.browsers.signed_in import sign_in
from tests.support.processes.claimed_hubs import last_revision
from tests.support.processes.hub_process import HubProcess

__all__ = ["browser", "hub"]  # fixtures

EDITOR = "/admin/config_app/systemconfig/"
WARNING = "This change could lock you out, so it reverts in 5:00 unless you confirm it."


@pytest.fixture
def visitor(hub: HubProcess, browser: Browser) -> Iterator[Visitor]:
    """Give a browser in which the owner is signed in and has opened the editor."""
    with visiting(browser, base_url=hub.url) as visitor:
        open_editor(hub, visitor.page)
        yield visitor
        assert visitor.complaints == []


@pytest.fixture
def phone(hub: HubProcess, browser: Browser) -> Iterator[Visitor]:
    """Give a dark browser window with the size of a phone, in which the owner has opened the editor."""
    with visiting(browser, PHONE, "dark", base_url=hub.url) as visitor:
        open_editor(hub, visitor.page)
        yield visitor
        assert visitor.complaints == []


def open_editor(hub: HubProcess, page: Page) -> None:
    sign_in(page, hub)
    page.goto(EDITOR)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def make_mistakes(page: Page) -> None:
    """Enter two mistakes in one section and one in another."""
    page.get_by_label("Port", exact=True).fill("99999")
    page.get_by_label("Public URL", exact=True).fill("nonsense")
    page.get_by_label("Workers", exact=True).fill("0")


def told(page: Page) -> tuple[Any, ...]:
    """Return the mistakes that the page reports; check that the focus is on their list."""
    box = page.locator("#cfg-errors")
    expect(box).to_be_focused()
    links = [link.get_attribute("href") for link in box.get_by_role("link").all()]
    counts = [" ".join(text.split()) for text in page.locator(".cfg-count").all_inner_texts()]
    return " ".join(box.inner_text().split()), links, counts


def test_mistakes_that_a_review_finds_look_like_those_of_a_page_that_comes_back(visitor: Visitor) -> None:
    page = visitor.page
    make_mistakes(page)
    press(page, "Review changes")
    reviewed = told(page)
    photograph(page, "review-errors")
    page.evaluate("document.getElementById('cfg-form').submit()")  # without running any script
    page.wait_for_load_state()
    expect(page).to_have_title("Error: Configuration · Hub")
    assert told(page) == reviewed
    assert reviewed[2] == ["2 errors", "1 error"]


def test_a_mistake_in_a_row_that_was_filtered_out_can_be_reached(visitor: Visitor) -> None:
    page = visitor.page
    make_mistakes(page)
    page.get_by_label("Filter settings").fill("log level")
    press(page, "Review changes")
    page.locator("#cfg-errors").get_by_role("link", name="Workers").click()
    expect(page.get_by_label("Workers", exact=True)).to_be_focused()
    expect(page.get_by_label("Filter settings")).to_have_value("")


@pytest.mark.parametrize("reloads", [False, True])
def test_nothing_is_left_of_a_mistake_that_was_mended(visitor: Visitor, reloads: bool) -> None:
    page = visitor.page
    page.get_by_label("Workers", exact=True).fill("0")
    press(page, "Save" if reloads else "Review changes")
    expect(page.locator(".cfg-count")).to_have_count(1)
    workers = page.get_by_label("Workers", exact=True)
    workers.fill("3")
    press(page, "Review changes")
    expect(page.get_by_role("dialog")).to_be_visible()
    for left in ("#cfg-errors", ".cfg-count", ".cfg-setting--error", ".errorlist", "[aria-invalid]"):
        expect(page.locator(left)).to_have_count(0)
    expect(workers).to_have_attribute("aria-describedby", "id_server_workers_helptext")


def test_the_review_says_so_where_a_change_reverts_unless_it_is_confirmed(visitor: Visitor) -> None:
    page = visitor.page
    page.get_by_label("Trusted Proxies", exact=True).fill("10.0.0.0/8")
    press(page, "Review changes")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(WARNING)).to_be_visible()
    photograph(page, "review-warning")
    press(page, "Keep editing")
    page.get_by_label("Trusted Proxies", exact=True).fill("")
    page.get_by_label("Log Level", exact=True).select_option("debug")
    press(page, "Review changes")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_text(WARNING)).to_have_count(0)


def test_a_reset_shows_the_default_until_it_is_taken_back(visitor: Visitor, hub: HubProcess) -> None:
    page = visitor.page
    hub.config("set", "log_level=error", "server_workers=3", "enable_hsts=true")
    page.reload()
    for label, was, default in (("Log Level", "error", "info"), ("Workers", "3", "2")):
        field = page.get_by_label(label, exact=True)
        tick = page.get_by_label(f"Reset to default: {label}")
        tick.check()
        expect(field).to_have_value(default)
        tick.uncheck()
        expect(field).to_have_value(was)
    hsts = page.get_by_label("Enable HSTS", exact=True)
    page.get_by_label("Reset to default: Enable HSTS").check()
    expect(hsts).not_to_be_checked()
    workers = page.get_by_label("Reset to default: Workers")
    workers.check()
    photograph(page, "reset")
    page.get_by_label("Workers", exact=True).fill("4")
    expect(workers).not_to_be_checked()
    press(page, "Review changes")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("ins").first).to_be_visible()
    hub.config("unset", "log_level", "server_workers", "enable_hsts")


def height_of(bar: Locator) -> float:
    """Return the bar's height in pixels; check that the whole bar is visible."""
    expect(bar).to_be_in_viewport(ratio=1)
    box = bar.bounding_box()
    assert box is not None
    return box["height"]


def test_the_enter_key_leads_to_the_review_and_saves_nothing(visitor: Visitor, hub: HubProcess) -> None:
    page, before = visitor.page, last_revision(hub)
    for field in ("CSP Report URI", "Reason"):
        page.get_by_label("CSP Report URI", exact=True).fill("https://csp.example/enter")
        page.get_by_label(field, exact=True).press("Enter")
        review = page.get_by_role("dialog")
        expect(review).to_contain_text("One setting changes")
        assert last_revision(hub) == before
        press(page, "Keep editing")
    page.get_by_label("CSP Report URI", exact=True).press("Enter")
    press(page, "Apply")
    expect(page.locator(".messagelist")).to_contain_text("https://csp.example/enter")  # the review has it too
    assert last_revision(hub) == before + 1


def test_a_phone_asks_for_the_reason_once_there_is_something_to_give_one_for(phone: Visitor) -> None:
    page = phone.page
    bar, reason = page.locator(".cfg-bar"), page.get_by_label("Reason", exact=True)
    expect(page.get_by_role("button", name="Review changes")).to_be_visible()
    expect(reason).to_be_hidden()
    assert height_of(bar) < 80
    page.get_by_label("Log Level", exact=True).select_option("debug")
    expect(reason).to_be_visible()
    assert height_of(bar) < 150
    photograph(page, "review-phone", whole=False)


def test_a_phone_without_scripts_always_asks_for_the_reason(hub: HubProcess, browser: Browser) -> None:
    with visiting(browser, PHONE, base_url=hub.url, java_script_enabled=False) as visitor:
        open_editor(hub, visitor.page)
        expect(visitor.page.get_by_label("Reason", exact=True)).to_be_visible()


STARTS = """() => {
    const item = document.getElementById("cfg-progress");
    return [item.getClientRects()[0].left, item.parentElement.getBoundingClientRect().left];
}"""  # one script, because a refresh of the page may replace the item between two


def test_no_line_of_the_subtitle_starts_with_its_dot(phone: Visitor) -> None:
    for width in range(150, 391, 40):
        phone.page.set_viewport_size({"width": width, "height": PHONE[1]})
        item, line = phone.page.evaluate(STARTS)
        assert item > line, width


def test_the_history_of_a_phone_writes_a_setting_as_people_do(phone: Visitor) -> None:
    phone.page.goto("/admin/config_app/revision/?setting=app_mode")  # others may fill the first page
    changes = phone.page.locator(".cfg-diff", has_text="App Mode").first
    assert "App Mode: default became local" in changes.aria_snapshot()  # including text from style sheets


def test_a_panel_of_nothing_but_a_head_has_one_border(hub: HubProcess, browser: Browser) -> None:
    with visiting(browser, base_url=hub.url) as visitor:
        sign_in(visitor.page, hub)
        visitor.page.goto("/auth/workos")
        head = visitor.page.locator(".panel__head", has_text="Enter and test the credentials")
        expect(head).to_have_css("border-bottom-width", "0px")
        assert visitor.complaints == []


def test_the_bar_is_round_on_every_side_without_the_clothes_of_the_hub_too(visitor: Visitor) -> None:
    page = visitor.page
    page.evaluate("document.querySelector('link[href*=admin-config]').remove()")
    page.get_by_label("Filter settings").fill("level")
    for corner in ("top-left", "top-right", "bottom-left", "bottom-right"):
        expect(page.locator(".cfg-bar")).to_have_css(f"border-{corner}-radius", "8px")
    photograph(page, "bar-undressed", whole=False)
