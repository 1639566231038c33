"""A served hub in mode workos, and people who use it over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx2

from tests.authkit import API_KEY, CLIENT_ID, OWNER, AuthKit
from tests.hub_process import HubProcess


def connect(hub: HubProcess, url: str) -> None:
    """Let every process of the hub take the server at ``url`` for WorkOS."""
    hub.environment |= {"DJANGO_SETTINGS_MODULE": "tests.settings_workos", "TEST_WORKOS_API_URL": url}


def claim_for_workos(hub: HubProcess, client_id: str = CLIENT_ID, api_key: str = API_KEY) -> None:
    """Claim the hub in mode workos without a browser."""
    credentials = ("--client-id", client_id, "--api-key-file", "-", "--super-admin", OWNER)
    hub.manage("setup", "--mode", "workos", *credentials, text=api_key)


class Person:
    """Somebody with a browser that shows nothing."""

    def __init__(self, hub: HubProcess) -> None:
        """Open the hub."""
        self.hub = hub
        limits = httpx2.Limits(max_keepalive_connections=0)
        self.browser = httpx2.Client(base_url=hub.url, trust_env=False, timeout=30, limits=limits)

    def sign_in(self, kit: AuthKit) -> None:
        """Sign in as whoever is at AuthKit's keyboard."""
        there = self.browser.get("/auth/login").headers["Location"]
        assert self.browser.get(kit.approve(there)).headers["Location"] == "/"

    def status(self, path: str = "/api/config") -> int:
        """Return the status of a request for super admins."""
        return self.browser.get(path).status_code

    def statuses(self, count: int, path: str = "/api/config") -> list[int]:
        """Return those of many requests at once, each on a connection of its own."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.browser.cookies.items())
        with ThreadPoolExecutor(count) as threads:
            answers = [threads.submit(self.hub.get, path, Cookie=cookie) for _ in range(count)]
            return [answer.result().status for answer in answers]
