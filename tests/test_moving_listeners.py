"""The listener moves with the configuration, and never to where it cannot."""

from __future__ import annotations

import socket

import pytest

from tests.hub_process import HubProcess, free_port
from tests.served import wait_for_workers
from tests.waiting import wait_for


@pytest.fixture
def served(hub_process: HubProcess) -> HubProcess:
    """Give a hub that is served where its configuration says."""
    hub_process.serve_as_configured()
    return hub_process


def answers(hub: HubProcess) -> bool:
    try:
        return hub.get("/health/live").status == 200
    except OSError:
        return False


def test_it_moves_to_another_port_and_leaves_the_old_one(served: HubProcess) -> None:
    before, after = served.port, free_port()
    served.config("set", f"port={after}")
    served.port = after
    wait_for(lambda: answers(served), "the hub at its new port")
    served.port = before
    wait_for(lambda: not answers(served), "the old port to close")
    served.port = after


def test_the_same_process_goes_on_as_the_master(served: HubProcess) -> None:
    after = free_port()
    served.config("set", f"port={after}")
    served.port = after
    wait_for(lambda: answers(served), "the hub at its new port")
    assert served.server is not None
    assert served.server.poll() is None


def test_a_port_that_something_else_uses_changes_nothing_and_is_reported(served: HubProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        served.config("set", f"port={other.getsockname()[1]}")
        wait_for(lambda: "is in use" in served.config("show"), "the process to report the port")
        assert answers(served)


def test_more_workers_start_without_a_restart(served: HubProcess) -> None:
    served.config("set", "server_workers=3")
    wait_for_workers(served, 3)
    assert answers(served)
