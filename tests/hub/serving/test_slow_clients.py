"""Clients that finish nothing do not stop the hub from serving others (R12)."""

from __future__ import annotations

import contextlib
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.serving.process_hooks import GRACEFUL_TIMEOUT
from tests.support.event_stream import EventStream, sign_in
from tests.support.processes import slow_clients
from tests.support.processes.hasty_deadlines import GRACE, HEAD
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import wait_for_workers, workers
from tests.support.processes.slow_clients import Visitor, clients, is_closed
from tests.support.soak import times
from tests.support.waiting import DEADLINE, wait_for

DESCRIPTORS = 200
SOON = 4.0
"""Seconds in which another client must have its page; usually it takes a few hundredths of a second.

A client that had to wait until the slow ones are given up would wait for at least ``GRACE`` seconds."""
UNHURRIED = 10.0
"""The same at a hub with its own deadlines, which are much longer: ``connections.HEAD`` and ``GRACE``."""
MEGABYTE = 1024 * 1024
FORM = b"POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n"
FILE = b"GET /static/admin/js/vendor/xregexp/xregexp.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
FORM_SIZE, FILE_SIZE = 60_000, 325_171
SMALL_WINDOW = 4096
STEPS = 30


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """Give a hub with short deadlines, which one worker with few descriptors serves."""
    with HubProcess(tmp_path_factory.mktemp("slow") / "hub") as hub:
        hub.claim()
        slow_clients.serve_with_descriptors(hub, DESCRIPTORS, is_hasty=True)
        wait_for_workers(hub, 1)
        yield hub


def worker_of(hub: HubProcess) -> int:
    (pid,) = workers(hub)
    return pid


def test_the_limit_of_descriptors_is_raised_at_the_start(hub: HubProcess) -> None:
    limits = Path(f"/proc/{worker_of(hub)}/limits").read_text()
    assert f"Max open files {DESCRIPTORS} {DESCRIPTORS} files" in " ".join(limits.split())


def test_half_open_connections_give_way_to_others_and_event_streams_stay(hub: HubProcess) -> None:
    before, visitor = hub.log.stat().st_size, Visitor(hub)
    with EventStream(hub, sign_in(hub)) as stream:
        with clients(hub, 230, slow_clients.HALF_A_LINE) as half_open, visitor.visiting():
            wait_for(lambda: is_closed(half_open[0]), "the first one to be given up")
            assert not is_closed(half_open[-1])
            wait_for(lambda: all(map(is_closed, half_open)), "the deadline of all", HEAD + DEADLINE)
        hub.config("set", "csp_report_uri", "https://csp.example.com/r")
        event = stream.event()
    assert event is not None
    assert not visitor.failures
    assert max(visitor.times) < SOON
    assert hub.log.stat().st_size - before < 1000
    assert "out of system resource" not in hub.log.read_text()


def test_a_worker_that_runs_out_of_descriptors_has_fewer_connections(hub: HubProcess) -> None:
    pid, before, visitor = worker_of(hub), hub.log.stat().st_size, Visitor(hub)
    few = slow_clients.descriptors(pid) + 40
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (few, DESCRIPTORS))
    try:
        with clients(hub, 2 * few, slow_clients.HALF_A_LINE), visitor.visiting():
            wait_for(lambda: len(visitor.times) > 20, "pages", DEADLINE)
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    assert max(visitor.times) < SOON
    assert hub.log.stat().st_size - before < 2000
    assert "out of system resource" not in hub.log.read_text()


def test_the_slow_are_given_up_and_the_steady_are_not(hub: HubProcess) -> None:
    with (
        clients(hub, 30, FORM, b"x" * 100) as trickling,
        clients(hub, 1, FORM) as (sender,),
        clients(hub, 1, FILE, window=SMALL_WINDOW) as (reader,),
    ):
        size = 0
        for _ in range(STEPS):
            sender.sendall(b"x" * (FORM_SIZE // STEPS))
            size += len(read(reader) or b"")
            for client in trickling:
                with contextlib.suppress(OSError):
                    client.send(b"x")
            time.sleep(1.5 * GRACE / STEPS)  # all these pauses together last longer than GRACE
        wait_for(lambda: all(map(is_closed, trickling)), "the deadline")
        sender.settimeout(DEADLINE)
        assert sender.recv(100).startswith(b"HTTP/1.1 403")  # the form has no CSRF token
        reader.settimeout(DEADLINE)
        while size < FILE_SIZE:
            size += len(reader.recv(65536)) or pytest.fail(f"only {size} bytes")


def test_readers_who_do_not_read_occupy_no_threads_and_are_given_up(hub: HubProcess) -> None:
    pid, visitor = worker_of(hub), Visitor(hub)
    memory, threads = slow_clients.resident(pid), slow_clients.threads(pid)
    idle = slow_clients.descriptors(pid)
    with clients(hub, 20, FILE * 20, window=SMALL_WINDOW) as stuck, visitor.visiting():
        wait_for(lambda: all(map(has_data, stuck)), "every response to begin")
        # A thread ends a moment after it has passed its response on.
        wait_for(lambda: slow_clients.threads(pid) < threads + 10, "the threads to end", GRACE)
        assert slow_clients.descriptors(pid) >= idle + 10  # the clients are still connected
        assert slow_clients.resident(pid) < memory + 20 * MEGABYTE
        wait_for(lambda: slow_clients.descriptors(pid) < idle + 10, "the deadline")
    assert not visitor.failures
    assert max(visitor.times) < SOON


def test_a_client_that_is_slow_cannot_delay_the_stop(claimed_hub: HubProcess) -> None:
    hub = claimed_hub
    slow_clients.serve_with_descriptors(hub, DESCRIPTORS, is_hasty=True)
    with clients(hub, 5, FORM, b"x" * 50_000), clients(hub, 5, FILE * 20, window=SMALL_WINDOW):
        began = time.monotonic()
        hub.stop()
        assert time.monotonic() - began < GRACEFUL_TIMEOUT / 2
    assert "SIGKILL" not in hub.log.read_text()


@pytest.mark.repeats
def test_a_flood_of_half_open_connections(claimed_hub: HubProcess) -> None:
    slow_clients.serve_with_descriptors(claimed_hub, times(DESCRIPTORS, 1024), workers=2)
    wait_for_workers(claimed_hub, 2)
    before, visitor = claimed_hub.log.stat().st_size, Visitor(claimed_hub)
    with visitor.visiting(), clients(claimed_hub, times(500, 2300), slow_clients.HALF_A_LINE):
        time.sleep(times(1, 30))
    grown = claimed_hub.log.stat().st_size - before
    print(f"half-open: {visitor}; {grown} bytes of log")  # noqa: T201 - a figure for people
    assert not visitor.failures
    assert max(visitor.times) < UNHURRIED
    assert grown < 2000


@pytest.mark.repeats
def test_a_flood_of_slow_bodies_and_readers(claimed_hub: HubProcess) -> None:
    slow_clients.serve_with_descriptors(claimed_hub, 1024, workers=2)
    pids = wait_for_workers(claimed_hub, 2)
    before, visitor = claimed_hub.log.stat().st_size, Visitor(claimed_hub)
    with (
        visitor.visiting(),
        clients(claimed_hub, times(40, 400), FORM.replace(b"60000", b"2600000"), b"x" * 2_500_000),
        clients(claimed_hub, times(20, 200), FILE * 20, window=SMALL_WINDOW),
    ):
        time.sleep(times(1, 30))
        memory = max(map(slow_clients.resident, pids)) // MEGABYTE
        threads = max(map(slow_clients.threads, pids))
    grown = claimed_hub.log.stat().st_size - before
    print(f"bodies, readers: {visitor}; {grown} bytes of log; {memory} MB, {threads} threads")  # noqa: T201
    assert not visitor.failures
    assert max(visitor.times) < UNHURRIED
    assert grown < 2000
    assert memory < 200
    assert threads < 30


def has_data(client: socket.socket) -> bool:
    """Return whether a response has begun to arrive, even if the hub has given up the client since then."""
    try:
        client.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def read(client: socket.socket) -> bytes | None:
    """Return a few bytes that have arrived, or ``None``."""
    with contextlib.suppress(BlockingIOError):
        return client.recv(SMALL_WINDOW)
    return None
