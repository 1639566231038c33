"""Several clients that request the same page again and again, whatever the answer."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException

from tests.support.processes.background import in_background
from tests.support.processes.hub_process import HubProcess
from tests.support.soak import times

LONGEST = 60.0
PAUSE = times(250, 20) / 1000
"""Seconds between an answer and the next request."""


class Crowd:
    """``count`` clients that request ``path``. ``answers`` counts the statuses of the answers."""

    def __init__(self, hub: HubProcess, path: str, count: int, cookie: str = "") -> None:
        """Prepare requests to ``hub``, with the Cookie header of a session if there is one."""
        self._port, self._path, self._count = hub.port, path, count
        self._headers = {"Cookie": cookie} if cookie else {}
        self._ending = threading.Event()
        self.answers: Counter[int] = Counter()
        self.times: list[float] = []
        self.failures: list[str] = []
        self.texts: set[str] = set()

    def _visit(self) -> None:
        began = time.monotonic()
        connection = HTTPConnection("127.0.0.1", self._port, timeout=LONGEST)
        try:
            connection.request("GET", self._path, headers=self._headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, HTTPException) as error:
            self.failures.append(repr(error))
            return
        finally:
            connection.close()
        self.answers[answer.status] += 1
        self.times.append(time.monotonic() - began)
        if answer.status >= 500:
            self.texts.add(text)

    def _go_on(self) -> None:
        while not self._ending.is_set():
            self._visit()
            self._ending.wait(PAUSE)

    @contextlib.contextmanager
    def visiting(self) -> Iterator[None]:
        """Request pages in the background within the block."""
        with in_background([self._go_on] * self._count, self._ending):
            yield

    def was_told(self, reason: str) -> bool:
        """Return whether an error page has said ``reason``."""
        return any(reason in text for text in set(self.texts))

    def __str__(self) -> str:
        slowest = max(self.times, default=float("inf"))
        return f"{self._path}: {dict(self.answers)}, slowest {slowest:.2f} s, {len(self.failures)} failed"
