"""Clients that ask every worker of a hub without a pause and record the answers."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from tests.support import revision_marks
from tests.support.processes.hub_process import HubProcess
from tests.support.soak import IS_SOAK
from tests.support.waiting import wait_for

SCRIPT = {"Origin": revision_marks.ORIGINS[0], "X-Forwarded-Proto": "https"}
PAUSE = 0.02 if IS_SOAK else 0.05
"""Seconds between two requests; they leave processor time for the hubs."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One answer of a worker: the current number, its revision and whether its configuration is stale."""

    worker: str
    asked: float
    answered: float
    number: int
    revision: int
    is_stale: bool


@dataclass
class Observer(threading.Thread):
    """A thread that asks until it is stopped; ``failure`` is the first error."""

    hub: HubProcess
    stopping: threading.Event = field(default_factory=threading.Event)
    failure: BaseException | None = None

    def __post_init__(self) -> None:
        """Initialise the thread; threads are compared by identity."""
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Ask until stopped; keep the error if a request fails."""
        try:
            while not self.stopping.wait(PAUSE):
                self.ask()
        except BaseException as error:  # noqa: BLE001 - the test raises it in its own thread
            self.failure = error

    def ask(self) -> None:
        """Send one request."""
        raise NotImplementedError

    def stop(self) -> None:
        """Stop the thread; raise the error that it has kept."""
        self.stopping.set()
        self.join(30)
        if self.failure is not None:
            raise self.failure


class WorkerObserver(Observer):
    """Asks one worker after the other for its health, each on its own open connection."""

    def __init__(self, hub: HubProcess, count: int) -> None:
        """Open a connection to each of ``count`` workers."""
        super().__init__(hub)
        self.sightings: list[Sighting] = []
        self._lines: dict[str, http.client.HTTPConnection] = {}
        wait_for(lambda: len(self._open()) == count, f"{count} workers to take a connection")
        self._turns = itertools.cycle(list(self._lines))

    def _open(self) -> Collection[str]:
        """Open a connection to any worker; return the workers that now have a connection."""
        line = http.client.HTTPConnection("127.0.0.1", self.hub.port, timeout=30)
        if self._lines.setdefault(self._ask(line).worker, line) is not line:
            line.close()
        return self._lines.keys()

    def ask(self) -> None:
        """Ask the next worker; connect again if the worker has closed the idle connection."""
        worker = next(self._turns)
        try:
            sighting = self._ask(self._lines[worker])
        except ConnectionError:
            self._lines.pop(worker).close()
            wait_for(lambda: worker in self._open(), f"worker {worker}")
            sighting = self._ask(self._lines[worker])
        assert sighting.worker == worker
        self.sightings.append(sighting)

    def _ask(self, line: http.client.HTTPConnection) -> Sighting:
        asked = time.monotonic()
        line.request("GET", "/health/ready", headers=SCRIPT)
        response = line.getresponse()
        said = json.loads(response.read())
        number = revision_marks.in_headers({name.lower(): value for name, value in response.getheaders()})
        worker, is_stale = f"{self.hub.port}/{said['pid']}", said["stale_since"] is not None
        return Sighting(worker, asked, time.monotonic(), number, said["revision"], is_stale)

    def stop(self) -> None:
        """Stop the thread and close the connections."""
        try:
            super().stop()
        finally:
            for line in self._lines.values():
                line.close()

    def newest(self) -> dict[str, Sighting]:
        """Return the last sighting of every worker."""
        return {sighting.worker: sighting for sighting in self.sightings[-len(self._lines) * 2 :]}


class PageObserver(Observer):
    """Reads the whole configuration as the owner; any worker may answer."""

    def __init__(self, hub: HubProcess, get: Callable[[], tuple[int, dict[str, str], bytes]]) -> None:
        """Create an observer that requests the page with ``get``."""
        super().__init__(hub)
        self._get = get
        self.seen = 0

    def ask(self) -> None:
        """Check that headers and body of a page show the same number; a 503 response has no such body."""
        status, headers, body = self._get()
        assert status in {200, 503}, status
        number = revision_marks.in_policy(headers)
        if status == 200:
            assert revision_marks.in_body(body) == number
            self.seen += 1
