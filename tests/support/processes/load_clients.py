"""Clients that send requests without a pause and count those that got a connection but no answer."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial

from tests.support.processes.background import in_background
from tests.support.processes.hub_process import HubProcess

PATH = "/health/live"
PATIENCE = 30.0
"""Seconds that an answer may take on a busy machine."""
PAUSE = 0.05
"""Seconds between an answer and the next request; without them, the clients would starve the hub."""
HESITATION = 0.01
"""Seconds that a slow client waits between its connection and its request."""


class Load:
    """Several threads that send requests to the hub's current port."""

    def __init__(self, hub: HubProcess) -> None:
        """Prepare requests to ``hub``; a test may change ``hub.port`` meanwhile."""
        self.hub = hub
        self.answered = 0
        self.refused = 0
        self.lost: list[str] = []
        self._ending = threading.Event()
        self._counting = threading.Lock()

    def _count(self, *, answered: int = 0, refused: int = 0, lost: str = "") -> None:
        with self._counting:
            self.answered += answered
            self.refused += refused
            self.lost += [lost] if lost else []

    def _repeat(self, ask: Callable[[int], None]) -> None:
        while not self._ending.is_set():
            port = self.hub.port
            try:
                ask(port)
            except ConnectionRefusedError:
                self._count(refused=1)
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self._count(lost=f"port {port}: {error!r}")
            else:
                self._count(answered=1)
            self._ending.wait(PAUSE)

    def _ask_once(self, port: int) -> None:
        self._ask_anew(port, 0.0)

    def _ask_hesitantly(self, port: int) -> None:
        self._ask_anew(port, HESITATION)

    def _ask_anew(self, port: int, hesitation: float) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
            self._ending.wait(hesitation)
            connection.sendall(
                f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
            )
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200 "), answer

    def _ask_often(self, port: int) -> None:
        """Send requests on one connection until the server closes it, which must happen after an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        connection.connect()
        with contextlib.closing(connection):
            is_first = True
            while connection.sock is not None and not self._ending.is_set():
                try:
                    connection.request("GET", PATH, headers={"Host": "localhost"})
                    answer = connection.getresponse()
                except (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected):
                    if is_first:
                        raise
                    return
                assert answer.status == 200
                answer.read()
                is_first = False
                self._count(answered=1)
                self._ending.wait(PAUSE)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Send requests within the block."""
        ways = [self._ask_once] * 4 + [self._ask_hesitantly] * 2 + [self._ask_often] * 2
        with in_background([partial(self._repeat, way) for way in ways], self._ending):
            yield
