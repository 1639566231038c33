"""A new address is refused if it is not available, but only if a hub on this machine would move there."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from config_app.change.plan import plan
from config_app.errors import InvalidPlan
from config_app.models import Process
from config_app.propagation import receipts
from hub.serving import port_holders
from hub.serving.listen_address import free_ports
from tests.support.processes.unprivileged import NOBODY

LISTENER = """
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    sys.stdin.read()
"""
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - no program listens there


@pytest.fixture
def taken() -> Iterator[tuple[int, int]]:
    """Give a port that another program listens on, and that program's pid."""
    command = [sys.executable, "-c", LISTENER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        yield int(other.stdout.readline()), other.pid
        other.kill()


def sign_as_master(pid: int | None = None, **facts: object) -> None:
    """Write the receipt of a master, by default with the pid of this process."""
    receipts.sign()
    Process.objects.update(role="master", pid=pid or os.getpid(), **facts)


def refusal(**changes: object) -> str:
    with pytest.raises(InvalidPlan) as refused:
        plan(changes)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_port_of_another_program_is_refused_with_its_name_and_what_is_free(
    install: None, taken: tuple[int, int]
) -> None:
    sign_as_master()
    port, pid = taken
    before = free_ports("127.0.0.1", port)
    said = refusal(port=port)
    assert said.startswith(f"port: port {port} is in use: python")
    assert f"(pid {pid}) listens on 127.0.0.1:{port}; " in said
    assert any(str(free) in said for free in before)  # another process may have taken one meanwhile


@pytest.mark.parametrize("address", [EVERY_ADDRESS, "::"])
def test_an_address_among_others_is_in_the_way_of_all(
    install: None, taken: tuple[int, int], address: str
) -> None:
    sign_as_master()
    port, pid = taken
    assert f"(pid {pid}) listens on 127.0.0.1:{port}" in refusal(bind_address=address, port=port)


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_refused(install: None, address: str) -> None:
    sign_as_master()
    said = refusal(bind_address=address)
    assert said.startswith(f"bind_address: {address} is not an address of this machine; 127.0.0.1")


def test_a_port_that_needs_privileges_is_refused_by_those_of_the_master(install: None) -> None:
    user = NOBODY if os.geteuid() == 0 else None
    master = subprocess.Popen(["/bin/sh", "-c", "read line"], stdin=subprocess.PIPE, user=user)
    with master:
        sign_as_master(master.pid)
        assert refusal(port=80).startswith("port: this user may not listen on port 80; ports 1024")
        master.kill()


def test_the_hub_is_not_in_its_own_way(install: None) -> None:
    sign_as_master()
    with socket.create_server(("127.0.0.1", 0)) as own:
        port = own.getsockname()[1]
        assert plan({"port": port, "bind_address": EVERY_ADDRESS}).after.port == port


def test_where_no_hub_of_this_machine_follows_nothing_is_tried(install: None, taken: tuple[int, int]) -> None:
    for facts in ({"machine": "web-1"}, {"pins": {"port": "9000"}}, {"role": "worker"}):
        Process.objects.all().delete()
        sign_as_master()
        Process.objects.update(**facts)
        assert plan({"port": taken[0], "bind_address": "127.0.0.1"}).edits


def test_other_settings_are_nobodys_business(install: None, taken: tuple[int, int]) -> None:
    sign_as_master()
    assert plan({"log_level": "debug"}).edits


def test_who_listens_where_is_read_from_the_system() -> None:
    for address, family in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)):
        with socket.create_server((address, 0), family=family) as server:
            port = server.getsockname()[1]
            (found,) = port_holders.in_the_way(address, port)
            assert (found.address, found.port, found.user) == (address, port, os.geteuid())
            assert [program.pid for program in port_holders.programs({found.inode})] == [os.getpid()]
        assert port_holders.in_the_way(address, port) == []
