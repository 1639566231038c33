"""A hub that gets a signal to stop ends soon, even during a reload."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from hub.serving.uvicorn_server import LONGEST_SUCCESSION
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import wait_for_workers
from tests.support.soak import IS_SOAK
from tests.support.waiting import wait_for

SOON = 10.0
"""Seconds; the workers have more time, but need it only for long requests."""
HALF_A_REQUEST = b"POST /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n12345"
SIGNALS, RECEIVERS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT), ("the master", "the group")
ALL = list(itertools.product(RECEIVERS, SIGNALS))
SOME = [("the master", signal.SIGTERM), ("the group", signal.SIGINT), ("the group", signal.SIGQUIT)]
"""As a service manager and a terminal send them."""


def was_read(client: socket.socket) -> bool:
    """Return whether a process of this machine has accepted a connection and read all that was sent on it."""
    here, there = (f"0100007F:{name[1]:04X}" for name in (client.getsockname(), client.getpeername()))
    entries = map(str.split, Path("/proc/net/tcp").read_text().splitlines())
    found = [(entry[4].partition(":")[2], entry[9]) for entry in entries if entry[1:3] == [there, here]]
    # Before a connection is accepted, it has no inode.
    return any(int(unread, 16) == 0 and inode != "0" for unread, inode in found)


@pytest.mark.repeats
@pytest.mark.parametrize(("receivers", "number"), ALL if IS_SOAK else SOME)
def test_every_signal_that_stops_the_hub_lets_open_requests_end(
    started_hub: HubProcess, number: signal.Signals, receivers: str
) -> None:
    hub = started_hub
    hub.serve(workers=2)
    workers = wait_for_workers(hub, 2)
    assert hub.server is not None
    with socket.create_connection(("127.0.0.1", hub.port), timeout=SOON) as client:
        client.sendall(HALF_A_REQUEST)
        wait_for(lambda: was_read(client), "a worker to read the head")
        began = time.monotonic()
        # a terminal sends its signals to all processes of the group
        for pid in [hub.server.pid, *(workers if receivers == "the group" else ())]:
            with contextlib.suppress(ProcessLookupError):  # a worker without a request may have ended already
                os.kill(pid, number)
            time.sleep(
                0.1
            )  # the worst order: the workers also get a signal from the master, and get it first
        time.sleep(0.3)
        client.sendall(b"67890")
        assert client.recv(1024).startswith(b"HTTP/1.1 403")  # the form has no CSRF token
    assert hub.server.wait(2 * SOON) == 0
    assert time.monotonic() - began < SOON
    log = hub.log.read_text()
    for complaint in ("SIGKILL", "out of memory", "Traceback", " ERROR ", " WARNING gunicorn"):
        assert complaint not in log, log


@pytest.mark.parametrize("after", [0.0, 0.02, 0.05])
def test_stopped_in_the_middle_of_a_reload_it_waits_for_no_new_worker(
    started_hub: HubProcess, after: float
) -> None:
    hub = started_hub
    hub.serve(workers=1)
    assert hub.server is not None
    hub.server.send_signal(signal.SIGHUP)
    time.sleep(after)  # the moment is in the middle of the reload, which is not visible from outside
    began = time.monotonic()
    hub.server.send_signal(signal.SIGTERM)
    assert hub.server.wait(20) == 0
    assert time.monotonic() - began < LONGEST_SUCCESSION
