"""One Chromium for all browser tests of a process, because starting Playwright takes as long as a test."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.support.missing_parts import missing

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Fewer processes: the one for a graphics card, and one more for each context, take a fifth of the time.
    "--disable-site-isolation-trials",
    "--renderer-process-limit=1",
    "--in-process-gpu",
    "--disable-software-rasterizer",
]


def chromium() -> str:
    """Return the path of Chromium, if possible of its build without a window, which needs half the time."""
    found = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if found is None:
        missing("Chromium", "chromium-headless-shell")
    return found


class RunningBrowser:
    """A headless browser, hidden from tests that do not use it."""

    def __init__(self, playwright: Playwright) -> None:
        """Start the browser."""
        self._playwright = playwright
        self._browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        self._hide()

    def _hide(self) -> None:
        # Playwright's event loop counts as running all the time, and Django refuses queries beside one.
        self._loop, self._hooks = asyncio._get_running_loop(), sys.get_asyncgen_hooks()
        asyncio._set_running_loop(None)
        sys.set_asyncgen_hooks(None, None)

    @contextlib.contextmanager
    def in_use(self) -> Iterator[Browser]:
        """Yield the browser."""
        asyncio._set_running_loop(self._loop)
        sys.set_asyncgen_hooks(*self._hooks)
        try:
            yield self._browser
        finally:
            self._hide()

    def stop(self) -> None:
        """Stop the browser and Playwright."""
        with self.in_use() as browser:
            browser.close()
            self._playwright.stop()


@pytest.fixture(scope="session")
def running_browser() -> Iterator[RunningBrowser]:
    """Return the browser of this process."""
    running = RunningBrowser(sync_playwright().start())
    yield running
    running.stop()
