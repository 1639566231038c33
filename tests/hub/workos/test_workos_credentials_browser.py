"""New credentials and a revoked key, tested in Chromium (W1, W8).

WorkOS's emulator accepts any client id, and it checks an API key only if the key is sent as a bearer token.
``tests/support/workos/serve.mjs`` adds one check: the exchange of a code needs a valid key too.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsers.chromium import Visitor, browser, visiting
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import ask_every_worker, wait_until_used_everywhere
from tests.support.waiting import wait_for
from tests.support.workos.chromium import (
    EDITOR,
    LONG_AGO,
    expect_super_admin,
    heading,
    hub,
    press_test,
    sign_in,
    visitor,
)
from tests.support.workos.emulator import API_KEY, CLIENT_ID, OTHER_API_KEY, Emulator

__all__ = ["browser", "hub", "visitor"]  # fixtures

OTHER_CLIENT_ID = "client_02EMULATOR"
FRESH_SESSIONS = "SELECT count(*) FROM hub_workos_session WHERE fresh_until > CURRENT_TIMESTAMP"
REFUSES = "WorkOS does not accept the credentials of this hub"


@pytest.fixture(autouse=True)
def credentials_as_before(hub: HubProcess) -> Iterator[None]:
    """Restore the credentials from the claim afterwards."""
    (revision,) = hub.sql("SELECT max(number) FROM config_revision")[0]
    yield
    hub.config("rollback", str(revision), "--wait")


def enter(page: Page, client_id: str, api_key: str) -> None:
    """Enter new credentials in the editor without saving them."""
    page.get_by_role("textbox", name="WorkOS Client ID").fill(client_id)
    page.get_by_label("WorkOS API Key", exact=True).fill(api_key)


def test_candidates_are_tested_in_the_editor_and_once_saved_used_for_the_next_sign_in(
    browser: Browser, visitor: Visitor, hub: HubProcess, emulator: Emulator
) -> None:
    page = sign_in(visitor, emulator)
    page.goto(EDITOR)
    enter(page, OTHER_CLIENT_ID, "")
    expect(press_test(page)).to_have_text("Enter the WorkOS API Key to test these values.")
    enter(page, OTHER_CLIENT_ID, "sk_test_never_issued")
    expect(press_test(page)).to_have_text("WorkOS does not know this API key.")
    enter(page, OTHER_CLIENT_ID, OTHER_API_KEY)
    emulator.register(f"{hub.url}/auth/callback")
    expect(press_test(page)).to_have_text("WorkOS accepts the API key and knows the client.")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text(f"WorkOS Client ID {CLIENT_ID} → {OTHER_CLIENT_ID}")).to_be_visible()
    wait_until_used_everywhere(hub)
    with emulator.without_key(API_KEY), visiting(browser, base_url=hub.url) as newcomer:
        with newcomer.page.expect_request(f"**/authorize?*client_id={OTHER_CLIENT_ID}*"):
            expect_super_admin(sign_in(newcomer, emulator))
        assert newcomer.complaints == []


def names_the_refusal(page: Page) -> bool:
    page.goto("/")
    expect_super_admin(page)
    return page.get_by_text(REFUSES).is_visible()


def problems(hub: HubProcess) -> set[str]:
    """Return the codes of the problems that any worker reports; each worker knows only its own requests."""
    said = ask_every_worker(hub, 2).values()
    return {problem["code"] for report in said for problem in report["problems"]}


def test_a_revoked_key_signs_nobody_out_is_named_and_can_be_replaced(
    browser: Browser, visitor: Visitor, hub: HubProcess, emulator: Emulator
) -> None:
    page = sign_in(visitor, emulator)
    with emulator.without_key(API_KEY), visiting(browser, base_url=hub.url) as newcomer:
        hub.sql(LONG_AGO)
        page.reload()
        expect_super_admin(page)
        assert heading(sign_in(newcomer, emulator)) == "WorkOS does not accept this hub"
        assert "workos_refuses" in problems(hub)
        wait_for(lambda: names_the_refusal(page), "a worker that has met it to answer")
        hub.manage("config", "set", "workos_api_key", "--stdin", "--wait", text=OTHER_API_KEY)
        expect_super_admin(sign_in(newcomer, emulator))
        hub.sql("UPDATE hub_workos_session SET retry_at = NULL")  # as if the pause of half a minute were over
        page.reload()
        expect_super_admin(page)
        assert hub.sql("SELECT count(*) FROM hub_workos_session WHERE fresh_until > CURRENT_TIMESTAMP") == [
            (2,)
        ]
        assert not names_the_refusal(page)
        assert "workos_refuses" not in problems(hub)
