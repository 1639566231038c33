"""The listener moves with the configuration, but never to an address that is not available."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Iterator

import pytest

from tests.support.ports import free_port
from tests.support.processes.hasty_deadlines import OVERLAP
from tests.support.processes.hub_process import HubProcess, hub_of_a_module
from tests.support.processes.listener_moves import (
    MOVE,
    answers_at,
    is_free,
    is_settled,
    master_error,
    move,
    put,
)
from tests.support.processes.served_hub import wait_for_workers
from tests.support.soak import one_of, times
from tests.support.waiting import wait_for


@pytest.fixture(scope="module")
def served() -> Iterator[HubProcess]:
    """Give a hub that is served at the address in its configuration, for tests that leave no error."""
    with hub_of_a_module() as hub:
        yield serve(hub)


@pytest.fixture
def served_alone(hub_process: HubProcess) -> HubProcess:
    """Return such a hub for one test."""
    return serve(hub_process)


def serve(hub: HubProcess) -> HubProcess:
    hub.environment["DJANGO_SETTINGS_MODULE"] = "tests.support.processes.hasty_moves"
    hub.serve_as_configured()
    wait_for_workers(hub, 2)
    return hub


@pytest.fixture
def busy() -> Iterator[int]:
    """Give a port that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield int(other.getsockname()[1])


def settle(hub: HubProcess, workers: int = 2) -> None:
    wait_for(lambda: is_settled(hub, workers), "every process to have acted", MOVE)


def test_it_moves_leaves_the_old_port_and_comes_back(served: HubProcess) -> None:
    before, master = served.port, served.server
    for port in (free_port(), before, free_port()):
        left, begun = served.port, time.monotonic()
        move(served, port)
        wait_for(lambda left=left: is_free(left), "the old port to close")  # type: ignore[misc]
        assert time.monotonic() - begun >= OVERLAP
        settle(served)
    assert master is not None
    assert master.poll() is None


@one_of("any_hub_process", "postgresql", "sqlite")
def test_the_receipts_go_with_it_and_nothing_looks_like_an_outage(any_hub_process: HubProcess) -> None:
    served = serve(any_hub_process)
    for _ in range(times(2, 3)):
        move(served, free_port())
        settle(served)
    served.stop()
    assert served.sql("SELECT pid FROM config_process") == []
    assert "unavailable" not in served.log.read_text()
    assert "Traceback" not in served.log.read_text()


def test_a_port_in_use_is_refused_with_who_has_it_and_what_is_free(served: HubProcess, busy: int) -> None:
    for option in ((), ("--dry-run",)):
        done = served.run("config", "set", f"port={busy}", *option)
        assert (done.returncode, done.stdout) == (1, "")
        (line,) = done.stderr.splitlines()
        assert f"port {busy} is in use: " in line
        assert f"(pid {os.getpid()})" in line
        assert line.endswith(" free")
    assert served.config("get", "port") == str(served.port)


def test_an_address_of_another_machine_is_refused(served: HubProcess) -> None:
    done = served.run("config", "set", "bind_address=192.0.2.1")
    assert done.returncode == 1
    assert "bind_address: 192.0.2.1 is not an address of this machine" in done.stderr


@one_of("any_hub_process", "sqlite", "postgresql")
def test_what_sql_puts_in_changes_nothing_and_is_reported_until_it_is_set_back(
    any_hub_process: HubProcess, busy: int
) -> None:
    served = serve(any_hub_process)
    put(served, "port", busy)
    wait_for(lambda: f"port {busy} is in use" in master_error(served), "the master to report the port", MOVE)
    assert answers_at(served.port)
    served.config("set", f"port={served.port}", "--wait")
    assert is_settled(served)


def test_no_other_reason_to_reload_ends_a_hub_that_cannot_move(served_alone: HubProcess, busy: int) -> None:
    served = served_alone
    put(served, "port", busy)
    wait_for(lambda: master_error(served), "the master to report the port", MOVE)
    put(served, "server_workers", 3)
    wait_for_workers(served, 3)
    assert served.server is not None
    served.server.send_signal(signal.SIGHUP)
    wait_for(lambda: served.log.read_text().count("Handling signal: hup") == 2, "the reload")
    wait_for(lambda: answers_at(served.port), "the hub to answer", MOVE)
    assert served.server.poll() is None
    assert "is in use" in master_error(served)


def test_a_reload_tries_again(served_alone: HubProcess) -> None:
    served = served_alone
    port = free_port()  # a port that no outgoing connection can take once it is free
    with socket.create_server(("127.0.0.1", port)):
        put(served, "port", port)
        wait_for(lambda: master_error(served), "the master to report the port", MOVE)
    assert served.server is not None
    served.server.send_signal(signal.SIGHUP)
    wait_for(lambda: answers_at(port), "the hub at the port that is free now", MOVE)
    served.port = port
    settle(served)


def test_the_same_port_of_more_and_of_fewer_addresses_is_no_conflict(served: HubProcess) -> None:
    for address in ("0.0.0.0", "127.0.0.1", "::", "127.0.0.1"):  # noqa: S104 - this test's own hub
        said = served.config("set", f"bind_address={address}", "--wait", "60").splitlines()[-1]
        # Old workers have left, and new ones may not have signed yet, so `settle` counts all three.
        assert re.match(r"(\d+) of \1 process", said), said
        assert answers_at(served.port)
        wait_for(lambda a=address: answers_at(served.port, "127.0.0.2") is (a != "127.0.0.1"), address)  # type: ignore[misc]
        settle(served)


def test_more_and_fewer_workers_need_no_restart(served: HubProcess) -> None:
    for count in (3, 1, 2):
        served.config("set", f"server_workers={count}", "--wait", "60")
        settle(served, count)
        assert answers_at(served.port)
