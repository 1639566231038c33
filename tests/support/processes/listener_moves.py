"""Helpers for tests in which the hub's listener moves."""

from __future__ import annotations

import json
import socket

from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import revision_everywhere
from tests.support.waiting import wait_for

MOVE = 60.0
"""Seconds that a move may take on a busy machine."""


def put(hub: HubProcess, key: str, value: object) -> None:
    """Write a setting in SQL, as a database client does; no value is refused."""
    hub.sql(
        "INSERT INTO system_config (config_key, config_value, is_secret, updated_at)"  # noqa: S608
        f" VALUES ('{key}', '{value}', FALSE, CURRENT_TIMESTAMP)"
        f" ON CONFLICT (config_key) DO UPDATE SET config_value = '{value}'"
    )


def answers_at(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether a hub answers at an address."""
    try:
        with socket.create_connection((host, port), timeout=MOVE) as connection:
            connection.sendall(b"GET /health/live HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether no program listens at an address."""
    with socket.socket() as connection:
        return connection.connect_ex((host, port)) != 0


def move(hub: HubProcess, port: int) -> None:
    """Write another port and wait until the hub answers there."""
    put(hub, "port", port)
    wait_for(lambda: answers_at(port), f"the hub at port {port}", MOVE)
    hub.port = port


def receipts(hub: HubProcess) -> list[tuple[str, list[str], str]]:
    """Return role, pending actions and error of each process."""
    found = hub.sql("SELECT role, pending, error FROM config_process ORDER BY role, pid")
    return [(role, _list(pending), error) for role, pending, error in found]


def _list(pending: object) -> list[str]:
    found: list[str] = json.loads(pending) if isinstance(pending, str) else pending  # type: ignore[assignment]
    return found


def master_error(hub: HubProcess) -> str:
    """Return the error in the master's receipt."""
    return next((error for role, _pending, error in receipts(hub) if role == "master"), "")


def is_settled(hub: HubProcess, workers: int = 2) -> bool:
    """Return whether the master and ``workers`` workers have acted on the last revision without an error."""
    found = receipts(hub)
    return (
        revision_everywhere(hub) is not None
        and [role for role, *_ in found] == ["master"] + ["worker"] * workers
        and not any(pending or error for _role, pending, error in found)
    )
