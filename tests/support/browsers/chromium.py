"""Real Chromium, for tests that use a hub as people do."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.support.missing_parts import missing
from tests.support.processes.hub_process import OWNER, PASSWORD, HubProcess, hub_of_a_module
from tests.support.waiting import DEADLINE, wait_for

AT_REST = "document.getAnimations().every((animation) => animation.playState !== 'running')"
WIDE, PHONE = (1280, 900), (390, 844)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=1000 * DEADLINE)  # as everywhere here; a busy machine is no failure


def chromium() -> str:
    """Return the browser's path."""
    found = shutil.which("chromium")
    if found is None:
        missing("Chromium", "chromium")
    return found


# Of a module, not of the session: Playwright's event loop would make Django refuse queries in other tests.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give a headless browser."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def hub() -> Iterator[HubProcess]:
    """Give a served hub in local mode."""
    with hub_of_a_module() as hub:
        hub.manage("bootstrap")
        hub.claim()
        hub.serve(workers=2)
        yield hub


class Visitor:
    """A person with a browser of their own; whatever the console complains about is kept."""

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
        """Tell whether the page is wider than the window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


@contextlib.contextmanager
def visiting(
    browser: Browser, size: tuple[int, int] = WIDE, scheme: Any = "light", **options: Any
) -> Iterator[Visitor]:
    """Let somebody visit with a browser window of ``size`` in a light or dark colour scheme."""
    viewport: Any = {"width": size[0], "height": size[1]}
    options = {"reduced_motion": "reduce", **options}
    context = browser.new_context(viewport=viewport, color_scheme=scheme, **options)
    try:
        yield Visitor(context)
    finally:
        context.close()


def fill_in_sign_in(page: Page, email: str = OWNER) -> None:
    """Fill in the sign-in page of the hub's own, by default as the owner."""
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def photograph(page: Page, path: Path) -> None:
    """Save a picture of the whole page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    wait_for(lambda: page.evaluate(AT_REST), "the page to come to rest")
    page.screenshot(path=str(path), full_page=True)
