"""Simulate very many processes that share one PostgreSQL server.

Each simulated process is a real connection to the server. The connection sends the statements of a watcher:
LISTEN, a query for the version, and the query that loads the configuration. One thread handles all
connections. Many threads could make the benchmark the bottleneck instead of the server.

The benchmark makes each change with a plan, in one transaction, so each process gets one notification. A
change with raw SQL would cause a second notification when a process records this change as a revision.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import os
import random
import selectors
import time
from collections.abc import Iterator, Sequence

import psycopg
from django.db import connection, transaction
from psycopg import pq

from bench.inside import Round
from bench.project.schema import texts
from bench.project.size import COUNT
from config_app import api
from config_app.store import statements
from config_app.store.triggers import CHANNEL

PROCESSES = int(os.environ.get("BENCH_PROCESSES", "1000"))
MACHINES = 10
DEADLINE = 60.0


@dataclasses.dataclass(frozen=True, slots=True)
class Design:
    """How many processes listen for notifications, and how many processes load the configuration.

    Each load starts at a random time in the first ``spread`` seconds after the notification.
    """

    listeners: int = PROCESSES
    loaders: int = PROCESSES
    spread: float = 0.0


DESIGNS = {
    "all at once": Design(),
    "spread over 50 ms": Design(spread=0.05),
    "spread over 100 ms": Design(spread=0.1),
    "one listener per machine": Design(listeners=MACHINES),
    "one listener per machine, which loads for all its processes": Design(
        listeners=MACHINES, loaders=MACHINES
    ),
}


def prepare() -> Round:
    """Connect all simulated processes, and return a function that measures one change in each design."""
    api.plan(texts(COUNT)).apply(actor="bench")
    fleet = Fleet()

    def measure() -> dict[str, float]:
        return {
            f"{design}: {name}": value
            for design in DESIGNS
            for name, value in fleet.converge(DESIGNS[design]).items()
        }

    return measure


class Process:
    """A simulated process: a connection to the server, and the statements that must still be sent."""

    def __init__(self, number: int, conninfo: bytes) -> None:
        """Connect to the server. Raise ``RuntimeError`` if the connection fails."""
        self.number = number
        self.server = pq.PGconn.connect(conninfo)
        if self.server.status != pq.ConnStatus.OK:
            raise RuntimeError(self.server.get_error_message())
        self._left: Iterator[bytes] = iter(())
        self.is_loading = False

    def execute(self, statement: str) -> None:
        """Run a statement and wait for the result. Raise ``RuntimeError`` if the statement fails."""
        result = self.server.exec_(statement.encode())
        if result.status == pq.ExecStatus.FATAL_ERROR:
            raise RuntimeError(result.get_error_message())

    def load(self, statements: Sequence[bytes]) -> None:
        """Begin to load the configuration: send the first of ``statements``. ``receive`` sends the rest."""
        self._left, self.is_loading = iter(statements), True
        self._send()

    def _send(self) -> None:
        statement = next(self._left, None)
        if statement is None:
            self.is_loading = False
        else:
            self.server.send_query(statement)

    def receive(self) -> bool:
        """Read what the server has sent, and return whether a notification arrived.

        If the result of a statement has arrived, send the next statement.
        """
        self.server.consume_input()
        is_notified = False
        while self.server.notifies():
            is_notified = True
        while self.is_loading and not self.server.is_busy():
            if self.server.get_result() is None:
                self._send()
        return is_notified


class Fleet:
    """All simulated processes. The benchmark makes the changes on a separate connection."""

    def __init__(self) -> None:
        """Open the connections of all processes."""
        conninfo = psycopg.conninfo.make_conninfo("", **_parameters()).encode()
        self._processes = [Process(number, conninfo) for number in range(PROCESSES)]
        self._ports = itertools.cycle(str(port) for port in range(8002, 9000))
        self._statements = _statements()
        self._selector = selectors.DefaultSelector()
        for process in self._processes:
            self._selector.register(process.server.socket, selectors.EVENT_READ, process)

    def converge(self, design: Design) -> dict[str, float]:
        """Make a change and wait until every process has loaded the change.

        Return a dict with four values. ``half`` is the time in seconds until half of the processes had loaded
        the change. ``all`` is the time until all processes had loaded the change. ``peak`` is the largest
        number of processes that were loading at the same time. ``connections`` is the number of connections
        that the design needs.
        """
        for process in self._processes:
            process.execute(f"LISTEN {CHANNEL}" if process.number < design.listeners else "UNLISTEN *")
        start = _change(next(self._ports))
        done, peak = self._run(design, start)
        every = PROCESSES // design.loaders
        waited = sorted(moment - start for moment in done for _ in range(every))
        connections = max(design.listeners, design.loaders)
        return {"half": waited[len(waited) // 2], "all": waited[-1], "peak": peak, "connections": connections}

    def _run(self, design: Design, start: float) -> tuple[list[float], int]:
        """Handle the connections until all processes have loaded the change.

        Return two values: the time at which each process had loaded the change, and the largest number of
        processes that were loading at the same time. Raise ``RuntimeError`` if the processes need longer than
        ``DEADLINE`` seconds.
        """
        due: list[tuple[float, int]] = []
        done: list[float] = []
        loading = peak = 0
        while len(done) < design.loaders:
            if time.monotonic() - start > DEADLINE:
                raise RuntimeError(f"only {len(done)} of {design.loaders} processes got the change in time")
            for process in self._ready(due):
                was_loading = process.is_loading
                if process.receive():
                    for number in _woken(process, design):
                        heapq.heappush(due, (time.monotonic() + random.uniform(0, design.spread), number))
                if was_loading and not process.is_loading:
                    loading -= 1
                    done.append(time.monotonic())
            while due and due[0][0] <= time.monotonic():
                self._processes[heapq.heappop(due)[1]].load(self._statements)
                loading += 1
                peak = max(peak, loading)
        return done, peak

    def _ready(self, due: Sequence[tuple[float, int]]) -> Iterator[Process]:
        left = due[0][0] - time.monotonic() if due else 1.0
        yield from (key.data for key, _events in self._selector.select(max(0.0, left)))


def _woken(process: Process, design: Design) -> Iterator[int]:
    """Yield the ``number`` of each process that loads the configuration because ``process`` is notified.

    If only the listeners load the configuration, this is only ``process`` itself. Otherwise, these are all
    processes on the machine of ``process``.
    """
    if design.loaders == design.listeners:
        yield process.number
    else:
        yield from range(process.number, PROCESSES, design.listeners)


def _change(port: str) -> float:
    """Commit a new port and return the time of the commit in monotonic seconds."""
    committed: list[float] = []
    with transaction.atomic():
        transaction.on_commit(lambda: committed.append(time.monotonic()))
        api.plan({"port": port}).apply(actor="bench")
    return committed[0]


def _statements() -> list[bytes]:
    """Return the two statements that a watcher sends after a notification.

    The first statement reads the version. The second statement reads the whole configuration.
    """
    connection.ensure_connection()
    everything = psycopg.ClientCursor(connection.connection).mogrify(*statements.everything(connection.alias))
    return [statements.VERSION.encode(), everything.encode()]


def _parameters() -> dict[str, str | int | None]:
    names = ("host", "port", "user", "dbname")
    return {name: value for name, value in connection.get_connection_params().items() if name in names}
