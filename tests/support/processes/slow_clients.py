"""Clients that keep connections open without finishing anything, and a client that measures beside them."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.processes.background import in_background
from tests.support.processes.hub_process import ROOT, HubProcess
from tests.support.soak import times

HALF_A_LINE = b"GET / HT"
PAGE = "/auth/login"
HASTY = "tests/support/processes/hasty_gunicorn.py"
PAUSE = times(50, 0) / 1000
"""Seconds between two requests of a visitor."""
LIMITED = """
import resource, runpy, sys
number = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_NOFILE, (number // 2, number))
runpy.run_module("gunicorn", run_name="__main__", alter_sys=True)
"""
"""Code that runs gunicorn in a process that may open only so many files."""


def serve_with_descriptors(hub: HubProcess, number: int, *, workers: int = 1, is_hasty: bool = False) -> None:
    """Serve a claimed hub whose processes may open at most ``number`` files."""
    config = ROOT / (HASTY if is_hasty else "hub/gunicorn.py")
    listener = ("--bind", f"127.0.0.1:{hub.port}", "--workers", str(workers))
    hub._start([sys.executable, "-c", LIMITED, str(number), "-c", str(config), *listener], {})


@contextlib.contextmanager
def many_descriptors() -> Iterator[None]:
    """Let this process open as many files as it may, because it plays many clients."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@contextlib.contextmanager
def clients(
    hub: HubProcess, number: int, *sent: bytes, window: int | None = None
) -> Iterator[list[socket.socket]]:
    """Open connections that send ``sent`` and then nothing; ``window`` is the size of the receive buffer."""
    with contextlib.ExitStack() as open_sockets, many_descriptors():
        yield [open_sockets.enter_context(_client(hub, sent, window)) for _ in range(number)]


def _client(hub: HubProcess, sent: tuple[bytes, ...], window: int | None) -> socket.socket:
    client = socket.socket()
    if window is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    client.settimeout(20)
    client.connect(("127.0.0.1", hub.port))
    with contextlib.suppress(OSError):  # the hub may have closed the connection already
        for part in sent:
            client.sendall(part)
    client.setblocking(False)
    return client


def is_closed(client: socket.socket) -> bool:
    """Return whether the hub has closed a connection on which it has sent nothing that was not read."""
    try:
        return client.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


class Visitor:
    """A client that requests a page again and again, each time on a new connection."""

    def __init__(self, hub: HubProcess) -> None:
        """Prepare requests to ``hub``."""
        self._hub, self._ending = hub, threading.Event()
        self.times: list[float] = []
        self.failures: list[str] = []

    def _visit(self) -> None:
        began = time.monotonic()
        try:
            assert self._hub.get(PAGE).status == 200
            self.times.append(time.monotonic() - began)
        except (OSError, AssertionError) as error:
            self.failures.append(f"{error!r} after {time.monotonic() - began:.1f} s")

    def _go_on(self) -> None:
        while not self._ending.is_set():
            self._visit()
            self._ending.wait(PAUSE)

    @contextlib.contextmanager
    def visiting(self) -> Iterator[None]:
        """Request pages in the background within the block."""
        with in_background([self._go_on], self._ending):
            yield

    def __str__(self) -> str:
        slowest = max(self.times, default=float("inf"))
        return f"{len(self.times)} answered, slowest {slowest:.2f} s, {len(self.failures)} failed"


def resident(pid: int) -> int:
    """Return how many bytes of memory a process uses."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def threads(pid: int) -> int:
    """Return how many threads a process has."""
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def descriptors(pid: int) -> int:
    """Return how many files and connections a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
