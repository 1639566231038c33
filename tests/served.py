"""What tests ask of a hub that is served by several processes."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2

from tests.hub_process import OWNER, PASSWORD, HubProcess
from tests.waiting import wait_for

CALLERS = 8
"""Simultaneous connections, so that no worker can take them all."""


def workers(hub: HubProcess) -> set[int]:
    """Return the processes that serve, by what they signed."""
    return {pid for (pid,) in hub.sql("SELECT pid FROM config_process WHERE role = 'worker'")}


def wait_for_workers(hub: HubProcess, count: int) -> set[int]:
    """Return the processes that serve once there are ``count``."""
    return wait_for(lambda: found if len(found := workers(hub)) == count else None, f"{count} workers")


def ask_every_worker(hub: HubProcess, count: int) -> dict[int, dict[str, Any]]:
    """Return what each of ``count`` workers says about itself, by pid; the last word of each."""
    said: dict[int, dict[str, Any]] = {}

    def all_answered() -> bool:
        with ThreadPoolExecutor(CALLERS) as callers:
            for report in callers.map(lambda _: hub.health(), range(2 * CALLERS)):
                said[report["pid"]] = report
        return len(said) >= count

    wait_for(all_answered, f"{count} workers to answer")
    return said


@contextlib.contextmanager
def visitor(hub: HubProcess) -> Iterator[httpx2.Client]:
    """Give a browser without cookies, which connects anew each time, to whichever worker takes it."""
    headers = {"Connection": "close"}
    with httpx2.Client(base_url=hub.url, headers=headers, trust_env=False, timeout=30) as client:
        yield client


@contextlib.contextmanager
def owner_of(hub: HubProcess) -> Iterator[httpx2.Client]:
    """Give a browser in which the owner is signed in."""
    with visitor(hub) as client:
        assert post(client, "/auth/login", username=OWNER, password=PASSWORD).status_code == 302
        yield client


def post(client: httpx2.Client, path: str, page: str = "/auth/login", **fields: str) -> httpx2.Response:
    """Send a form with the token that stands on ``page``."""
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(page).text)
    assert token is not None
    return client.post(path, data={**fields, "csrfmiddlewaretoken": token[1]})


def send(hub: HubProcess, request: bytes) -> bytes:
    """Send bytes to the hub and return what comes back until it closes the connection."""
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))
