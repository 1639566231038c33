"""Real Chromium, for tests that use a hub as people do."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.browsers.running import RunningBrowser
from tests.support.processes.claimed_hubs import left_as_it_was
from tests.support.processes.hub_process import OWNER, PASSWORD, ROOT, HubProcess
from tests.support.waiting import DEADLINE

PHOTOGRAPHS = ROOT / "build" / "photographs"
ARE_TAKEN = bool(os.environ.get("PHOTOGRAPHS"))
"""Whether the tests take pictures: ``PHOTOGRAPHS=1 make test``. A picture takes as long as three pages."""
WIDE, PHONE = (1280, 900), (390, 844)

expect.set_options(timeout=1000 * DEADLINE)  # as in all tests; a busy machine must not fail one


@pytest.fixture(scope="module")
def browser(running_browser: RunningBrowser) -> Iterator[Browser]:
    """Give a headless browser."""
    with running_browser.in_use() as browser:
        yield browser


@pytest.fixture(scope="module")
def hub(served_once: HubProcess) -> Iterator[HubProcess]:
    """Give a served hub in local mode, as it was claimed."""
    with left_as_it_was(served_once) as hub:
        yield hub


class Visitor:
    """A person with a browser of their own; errors and warnings in its console are kept."""

    def __init__(self, context: BrowserContext) -> None:
        """Open a page."""
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _listen(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def is_clipped(self) -> bool:
        """Return whether the page is wider than the window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


@contextlib.contextmanager
def visiting(
    browser: Browser, size: tuple[int, int] = WIDE, scheme: Any = "light", **options: Any
) -> Iterator[Visitor]:
    """Give a visitor whose browser window has ``size`` and a light or dark colour scheme."""
    viewport: Any = {"width": size[0], "height": size[1]}
    options = {"reduced_motion": "reduce", **options}
    context = browser.new_context(viewport=viewport, color_scheme=scheme, **options)
    try:
        yield Visitor(context)
    finally:
        context.close()


def fill_in_sign_in(page: Page, email: str = OWNER) -> None:
    """Fill in the hub's own sign-in page, by default for the owner."""
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def finish_from_the_account(page: Page) -> None:
    """Leave the remaining steps of the wizard in local mode as they are, and claim the hub."""
    for step in ("account", "network", "security"):
        page.wait_for_url(f"**/setup/{step}/")
        page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/setup/review/")
    page.get_by_role("button", name="Finish").click()


def keep_code(page: Page) -> None:
    """Keep the recovery code on the last page of the wizard."""
    page.get_by_label("I have kept the recovery code").check()
    page.get_by_role("button", name="Continue").click()


def photograph(page: Page, name: str, *, whole: bool = True) -> None:
    """Save a picture of the page, or of the window, in ``build/photographs`` if pictures are taken."""
    if ARE_TAKEN:
        page.screenshot(path=PHOTOGRAPHS / f"{name}.png", full_page=whole, animations="disabled")


def look(visitor: Visitor, name: str) -> None:
    """Check that a page is not clipped on a phone or a wide screen; take pictures of it, light and dark."""
    for width, height in (PHONE, WIDE):
        visitor.page.set_viewport_size({"width": width, "height": height})
        assert not visitor.is_clipped(), f"{name} is clipped at {width} pixels"
        if ARE_TAKEN:
            visitor.page.emulate_media(color_scheme="dark")
            photograph(visitor.page, f"{name}-{width}-dark")
            visitor.page.emulate_media(color_scheme="light")
            photograph(visitor.page, f"{name}-{width}-light")
