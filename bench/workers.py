"""Find out which value the workers of a running hub use: ask the workers, and receive their reports."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from http.client import HTTPConnection

REPORT_URI = "https://reports.example.com/{:.0f}"
"""The values that benchmarks give to ``csp_report_uri``. Every response contains the current value."""
DEADLINE = 10.0
ATTEMPTS = 1000
DATAGRAM = 1024
"""The size of the receive buffer in bytes. A report is always shorter."""


class Worker:
    """A worker process, and an open connection to the process."""

    def __init__(self, port: int) -> None:
        """Connect to one of the workers; the system chooses which one."""
        # A connection that is kept alive stays with the worker that accepted it.
        self._connection = HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        self.pid = self._ask()[0]

    def _ask(self) -> tuple[int, str]:
        self._connection.request("GET", "/health/ready")
        answer = self._connection.getresponse()
        body = json.loads(answer.read())
        return int(body["pid"]), answer.headers.get("Content-Security-Policy", "")

    def shows(self, value: str) -> bool:
        """Return whether the next response of the worker has ``value`` in its Content Security Policy."""
        pid, policy = self._ask()
        if pid != self.pid:
            raise RuntimeError(f"worker {pid} answered on the connection of worker {self.pid}")
        return value in policy.replace(";", " ").split()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def find_workers(port: int, count: int) -> list[Worker]:
    """Return a ``Worker`` for each of ``count`` workers. Raise ``RuntimeError`` if a worker is missing."""
    found: dict[int, Worker] = {}
    for _ in range(ATTEMPTS):
        worker = Worker(port)
        if found.setdefault(worker.pid, worker) is not worker:
            worker.close()
        if len(found) == count:
            return list(found.values())
    raise RuntimeError(f"found {len(found)} of {count} workers")


class Reports:
    """Receives a report from each worker that has begun to use a new value.

    ``bench.project.reporting`` sends the reports.
    """

    # The benchmark does not ask the processes: on a machine with few CPUs, this would delay their loads.

    def __init__(self) -> None:
        """Listen on a free UDP port of the loopback interface."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(DEADLINE)
        self.port = int(self._socket.getsockname()[1])

    def last(self, value: str, pids: Iterable[int]) -> float:
        """Wait until all processes report ``value``.

        Return the time at which the last process began to use ``value``, in monotonic seconds. Raise
        ``TimeoutError`` if no report arrives within ``DEADLINE`` seconds.
        """
        moments: dict[int, float] = {}
        waiting = set(pids)
        while waiting:
            report = json.loads(self._socket.recv(DATAGRAM))
            if report["value"] == value and report["pid"] in waiting:
                waiting.remove(report["pid"])
                moments[report["pid"]] = report["at"]
        return max(moments.values())

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


def seconds_until_all(reports: Reports, workers: list[Worker], value: str, since: float) -> float:
    """Return the seconds from ``since`` until the last worker began to use ``value``.

    Raise ``RuntimeError`` if the next response of a worker does not show the value.
    """
    last = reports.last(value, [worker.pid for worker in workers])
    if missing := [worker.pid for worker in workers if not worker.shows(value)]:
        raise RuntimeError(f"workers {missing} reported that they use {value}, but do not serve it")
    return last - since
