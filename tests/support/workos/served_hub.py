"""A served hub in mode workos, and people who use it over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2

from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import lines_to_every_worker
from tests.support.workos.authkit import API_KEY, CLIENT_ID, OWNER, AuthKit


def connect(hub: HubProcess, url: str) -> None:
    """Let every process of the hub use the server at ``url`` as WorkOS."""
    hub.environment |= {"DJANGO_SETTINGS_MODULE": "tests.support.workos.settings", "TEST_WORKOS_API_URL": url}


def claim_for_workos(hub: HubProcess, client_id: str = CLIENT_ID, api_key: str = API_KEY) -> None:
    """Claim the hub in mode workos without a browser."""
    credentials = ("--client-id", client_id, "--api-key-file", "-", "--super-admin", OWNER)
    hub.manage("setup", "--mode", "workos", *credentials, text=api_key)


class Person:
    """An HTTP client that signs in as one person."""

    def __init__(self, hub: HubProcess) -> None:
        """Create a client for the hub."""
        self.hub = hub
        limits = httpx2.Limits(max_keepalive_connections=0)
        self.browser = httpx2.Client(base_url=hub.url, trust_env=False, timeout=30, limits=limits)

    @property
    def cookies(self) -> str:
        """Return the Cookie header of the session."""
        return "; ".join(f"{name}={value}" for name, value in self.browser.cookies.items())

    def way_back(self, kit: AuthKit) -> str:
        """Sign in as AuthKit's current person; return the address that AuthKit redirects to."""
        return kit.approve(self.browser.get("/auth/login").headers["Location"])

    def sign_in(self, kit: AuthKit) -> None:
        """Sign in as AuthKit's current person."""
        assert self.browser.get(self.way_back(kit)).headers["Location"] == "/"

    def status(self, path: str = "/api/config") -> int:
        """Return the response status of a page for super admins."""
        return self.browser.get(path).status_code

    def statuses(
        self, count: int, path: str = "/api/config", *, once_connected: Callable[[], object] = lambda: None
    ) -> list[int]:
        """Send ``count`` requests at once, evenly distributed over the workers; return the statuses.

        ``once_connected`` is called right before the requests are sent.
        """
        cookies = self.cookies
        with lines_to_every_worker(self.hub, count) as lines, ThreadPoolExecutor(count) as threads:
            once_connected()
            return list(threads.map(lambda line: line.get(path, Cookie=cookies).status, lines))
