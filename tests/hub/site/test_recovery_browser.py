"""The recovery code in Chromium: it is kept on the wizard's last page, and later unlocks the hub (K9)."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.support.browsers.chromium import PHONE, browser, look, photograph, visiting
from tests.support.processes.hub_process import OWNER, PASSWORD, HubProcess

__all__ = ["browser"]  # a fixture

CODE = re.compile(r"(?:[0-9A-Z]{4}-){6}[0-9A-Z]{4}")


def claim(hub: HubProcess, page: Page) -> None:
    """Walk through the wizard up to its last page."""
    page.goto(hub.manage("setup_token").split()[-1])
    page.get_by_role("radio", name="Local").check()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/setup/account/")  # `all` does not wait for fields that have not been loaded yet
    page.get_by_label("E-mail address", exact=True).fill(OWNER)
    for box in page.locator("input[type=password]").all():
        box.fill(PASSWORD)
    for path in ("network", "security", "review"):
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url(f"**/setup/{path}/")
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("heading", name="Keep the recovery code")).to_be_visible()


def test_a_person_keeps_the_code_and_unlocks_the_hub_with_it(
    started_hub: HubProcess, browser: Browser
) -> None:
    hub = started_hub
    hub.config("set", f"port={hub.port}")
    hub.serve(workers=1)
    with visiting(browser) as visitor:
        page = visitor.page
        claim(hub, page)
        code = page.locator("#recovery-code").inner_text()
        assert CODE.fullmatch(code)
        photograph(page, "recovery-code")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download the code").click()
        assert Path(download.value.path()).read_text() == code
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("heading", name="Keep the recovery code")).to_be_visible()
        page.get_by_label("I have kept the recovery code").check()
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("link", name="Open the dashboard")).to_be_visible()
        expect(page.get_by_text(code)).to_have_count(0)
        assert visitor.complaints == []
    hub.stop()
    (hub.data_dir / "machine.key").unlink()
    hub.serve(workers=1)
    unlock_in(hub, browser, code)


def unlock_in(hub: HubProcess, browser: Browser, code: str) -> None:
    with visiting(browser, PHONE) as visitor:
        visitor.page.goto(f"http://127.0.0.1:{hub.port}/")
        expect(visitor.page.get_by_role("heading", name="Unlock this hub")).to_be_visible()
        visitor.page.get_by_label("Recovery code").fill(code[:-1])
        visitor.page.get_by_role("button", name="Unlock").click()
        expect(visitor.page.get_by_text("This code does not unlock the secrets")).to_be_visible()
        look(visitor, "unlock")
        assert visitor.complaints == []
        visitor.page.get_by_label("Recovery code").fill(code)
        visitor.page.get_by_role("button", name="Unlock").click()
        expect(visitor.page.get_by_role("button", name="Sign in")).to_be_visible()
    assert "error" not in hub.config("validate")
