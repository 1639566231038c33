"""Helpers for tests of a hub that is served by several processes."""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any

import httpx2

from tests.support.processes.answer import Answer
from tests.support.processes.hub_process import OWNER, PASSWORD, HubProcess
from tests.support.waiting import wait_for

CALLERS = 8
"""Number of simultaneous connections; one worker cannot accept all of them."""


@contextlib.contextmanager
def claimed_and_served(hub: HubProcess, *, workers: int = 1, **environment: str) -> Iterator[HubProcess]:
    """Claim a hub, and serve it within the block."""
    with hub:
        hub.claim()
        hub.serve(workers=workers, **environment)
        wait_for_workers(hub, workers)
        yield hub


def workers(hub: HubProcess) -> set[int]:
    """Return the pids of all workers that have a receipt."""
    return {pid for (pid,) in hub.sql("SELECT pid FROM config_process WHERE role = 'worker'")}


def wait_for_workers(hub: HubProcess, count: int) -> set[int]:
    """Wait until the master and ``count`` workers have a receipt; return the workers' pids.

    ``config set --wait`` waits only for processes that have a receipt.
    """
    try:
        return wait_for(lambda: _workers_beside_a_master(hub, count), f"a master and {count} workers")
    except AssertionError as error:
        receipts = hub.sql("SELECT pid, role, revision, error, seen_at FROM config_process")
        error.add_note(f"the receipts are {receipts}, and the hub's log is:\n{hub.log.read_text()}")
        raise


def _workers_beside_a_master(hub: HubProcess, count: int) -> set[int] | None:
    masters = hub.sql("SELECT count(*) FROM config_process WHERE role = 'master'")
    found = workers(hub)
    return found if masters != [(0,)] and len(found) == count else None


def wait_until_used_everywhere(hub: HubProcess) -> int:
    """Wait until every process uses the last revision; return its number.

    Until then, the next request may reach a worker that still uses an older revision.
    """
    return wait_for(lambda: revision_everywhere(hub), "every process to use the last revision")


def revision_everywhere(hub: HubProcess) -> int | None:
    """Return the last revision if all receipts have it and no SQL is left to record; otherwise ``None``."""
    ((last, recorded),) = hub.sql("SELECT number, version FROM config_revision ORDER BY number DESC LIMIT 1")
    ((written,),) = hub.sql("SELECT version FROM config_state")
    signed = hub.sql("SELECT DISTINCT revision FROM config_process")
    return int(last) if signed == [(last,)] and written == recorded else None


def ask_every_worker(hub: HubProcess, count: int) -> dict[int, dict[str, Any]]:
    """Return the newest health report of each of ``count`` workers, by pid."""
    said: dict[int, dict[str, Any]] = {}

    def all_answered() -> bool:
        with ThreadPoolExecutor(CALLERS) as callers:
            for report in callers.map(lambda _: hub.health(), range(2 * CALLERS)):
                said[report["pid"]] = report
        return len(said) >= count

    wait_for(all_answered, f"{count} workers to answer")
    return said


class Line:
    """A connection that stays open; the same worker, with pid ``pid``, answers all its requests."""

    def __init__(self, hub: HubProcess) -> None:
        """Connect, and ask for the pid of the worker."""
        self._connection = HTTPConnection("127.0.0.1", hub.port, timeout=30)
        self._connection.connect()
        self._connection.auto_open = 0  # a second connection might lead to another process
        self.pid = int(json.loads(self.get("/health/ready").body)["pid"])

    def get(self, path: str, **headers: str) -> Answer:
        """Request a path without following redirects."""
        self._connection.request("GET", path, headers=headers)
        response = self._connection.getresponse()
        return Answer(response.status, dict(response.headers), response.read())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@contextlib.contextmanager
def lines_to_every_worker(hub: HubProcess, count: int) -> Iterator[list[Line]]:
    """Give ``count`` connections, distributed evenly over all workers.

    The workers are those that have a receipt in the database; fail if one of them does not answer.
    """
    found: dict[int, list[Line]] = {pid: [] for pid in workers(hub)}
    assert len(found) > 1, "one worker proves nothing about several"
    share = -(-count // len(found))
    with contextlib.ExitStack() as hang_up, ThreadPoolExecutor(CALLERS) as callers:

        def is_complete() -> bool:
            for line in callers.map(lambda _: Line(hub), range(CALLERS)):
                hang_up.callback(line.close)
                found[line.pid].append(line)
            return all(len(lines) >= share for lines in found.values())

        wait_for(is_complete, f"{share} lines to each worker")
        yield [line for rank in zip(*found.values(), strict=False) for line in rank][:count]


@contextlib.contextmanager
def visitor(hub: HubProcess) -> Iterator[httpx2.Client]:
    """Give a browser without cookies; each request opens a new connection, which any worker may accept."""
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
    """Send a form with the CSRF token from ``page``."""
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(page).text)
    assert token is not None
    return client.post(path, data={**fields, "csrfmiddlewaretoken": token[1]})


def send(hub: HubProcess, request: bytes) -> bytes:
    """Send bytes to the hub; return all bytes until the hub closes the connection."""
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))
