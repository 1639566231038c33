"""While the listener moves and workers are replaced, no request of constantly busy clients is lost."""

from __future__ import annotations

import contextlib
import socket

import pytest

from tests.support.ports import free_port
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.listener_moves import MOVE, answers_at, is_settled, master_error, move, put
from tests.support.processes.load_clients import Load
from tests.support.processes.served_hub import wait_for_workers
from tests.support.soak import one_of, times
from tests.support.waiting import wait_for

MOVES = times(4, 20)
REFUSED_EVERY = 5


@pytest.fixture
def served(hub_process: HubProcess) -> HubProcess:
    """Give a hub that is served at the address in its configuration."""
    return serve(hub_process)


def serve(hub: HubProcess) -> HubProcess:
    hub.serve_as_configured()
    wait_for_workers(hub, 2)
    return hub


@one_of("any_hub_process", "postgresql", "sqlite")
def test_twenty_moves_and_ports_that_cannot_be_had_lose_no_request(any_hub_process: HubProcess) -> None:
    served = serve(any_hub_process)
    load = Load(served)
    with load.running(), socket.create_server(("127.0.0.1", 0)) as busy:
        for number in range(MOVES):
            move(served, free_port())
            if number % REFUSED_EVERY == 0:
                put(served, "port", busy.getsockname()[1])
                wait_for(lambda: "is in use" in master_error(served), "the port to be refused", MOVE)
    assert load.lost == []
    assert load.answered > MOVES
    assert served.server is not None
    assert served.server.poll() is None


def test_more_and_fewer_workers_and_addresses_lose_no_request(served: HubProcess) -> None:
    load = Load(served)
    with load.running():
        for workers, address in ((3, "0.0.0.0"), (1, "127.0.0.1"), (2, "::"), (2, "127.0.0.1")):  # noqa: S104
            put(served, "server_workers", workers)
            put(served, "bind_address", address)
            wait_for(lambda n=workers: is_settled(served, n), f"{workers} workers at {address}", MOVE)  # type: ignore[misc]
    assert load.lost == []
    assert load.refused == 0
    assert load.answered > 0


def test_changes_that_come_too_fast_lose_no_request(served: HubProcess) -> None:
    load, ports = Load(served), [free_port() for _ in range(6)]
    with load.running():
        for port in ports:
            put(served, "port", port)
        wait_for(lambda: answers_at(ports[-1]), "the last port", MOVE)
        served.port = ports[-1]
        wait_for(lambda: is_settled(served), "every process to have acted", MOVE)
    assert load.lost == []


def test_who_connected_before_a_move_and_asks_after_it_is_answered(served: HubProcess) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=MOVE) as early:
        early.sendall(b"GET /health/live HTTP/1.1\r\nHost: loc")
        move(served, free_port())
        move(served, free_port())
        wait_for_workers(served, 3)  # two current workers, and the old one that still finishes its requests
        early.sendall(b"alhost\r\n\r\n")
        answer = b"".join(iter(lambda: early.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer.lower()


def test_who_waits_at_a_socket_that_nobody_reads_is_answered_after_the_move(served: HubProcess) -> None:
    """Connections that arrive while every worker is stopped wait in the queue of the old socket."""
    workers = wait_for_workers(served, 2)
    with contextlib.ExitStack() as connections:
        with served.frozen(*workers):
            waiting = [
                connections.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=MOVE))
                for _ in range(20)
            ]
            for connection in waiting:
                connection.sendall(b"GET /health/live HTTP/1.0\r\nHost: localhost\r\n\r\n")
            put(served, "port", free_port())
            wait_for(lambda: wait_for_workers_but(served, workers), "new workers", MOVE)
        assert all(connection.recv(64).startswith(b"HTTP/1.1 200 ") for connection in waiting)


def wait_for_workers_but(hub: HubProcess, old: set[int]) -> bool:
    found = {pid for (pid,) in hub.sql("SELECT pid FROM config_process WHERE role = 'worker'")}
    return len(found - old) == len(old)


def test_a_body_that_takes_long_is_read_to_its_end(served: HubProcess) -> None:
    head = b"POST /health/live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=MOVE) as slow:
        slow.sendall(head + b"ab")
        move(served, free_port())
        slow.sendall(b"cd")
        assert slow.recv(64).startswith(b"HTTP/1.1 ")
