"""One Chromium for all browser tests of a process. Starting Playwright takes as long as a whole test."""

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
    # Fewer processes save a fifth of the time: no process for a graphics card, and none for each context.
    "--disable-site-isolation-trials",
    "--renderer-process-limit=1",
    "--in-process-gpu",
    "--disable-software-rasterizer",
]


def chromium() -> str:
    """Return the path of Chromium; prefer the build without a window, which is twice as fast."""
    found = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if found is None:
        missing("Chromium", "chromium-headless-shell")
    return found


class RunningBrowser:
    """A headless browser whose event loop is hidden from tests that do not use the browser."""

    def __init__(self, playwright: Playwright) -> None:
        """Start the browser."""
        self._playwright = playwright
        self._browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        self._hide()

    def _hide(self) -> None:
        # Playwright's event loop always counts as running, and Django refuses queries beside a running loop.
        self._loop, self._hooks = asyncio._get_running_loop(), sys.get_asyncgen_hooks()
        asyncio._set_running_loop(None)
        sys.set_asyncgen_hooks(None, None)

    @contextlib.contextmanager
    def in_use(self) -> Iterator[Browser]:
        """Yield the browser; its event loop is visible only within the block."""
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
