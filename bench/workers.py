"""The workers of a served hub: each asked over a connection of its own, or telling by themselves."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from http.client import HTTPConnection

REPORT_URI = "https://reports.example.com/{:.0f}"
"""A value of ``csp_report_uri``, which every response shows: so one sees from outside what is in force."""
DEADLINE = 10.0
ATTEMPTS = 1000
DATAGRAM = 1024
"""Bytes that are more than enough for a report."""


class Worker:
    """One worker process. A connection that is kept alive stays with the worker that accepted it."""

    def __init__(self, port: int) -> None:
        """Connect to whichever worker accepts."""
        self._connection = HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        self.pid = self._ask()[0]

    def _ask(self) -> tuple[int, str]:
        self._connection.request("GET", "/health/ready")
        answer = self._connection.getresponse()
        body = json.loads(answer.read())
        return int(body["pid"]), answer.headers.get("Content-Security-Policy", "")

    def shows(self, value: str) -> bool:
        """Tell whether the worker's next response has ``value`` in its security policy."""
        pid, policy = self._ask()
        if pid != self.pid:
            raise RuntimeError(f"worker {pid} answered where {self.pid} had")
        return value in policy.replace(";", " ").split()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def find_workers(port: int, count: int) -> list[Worker]:
    """Connect until every one of ``count`` workers has accepted a connection."""
    found: dict[int, Worker] = {}
    for _ in range(ATTEMPTS):
        worker = Worker(port)
        if found.setdefault(worker.pid, worker) is not worker:
            worker.close()
        if len(found) == count:
            return list(found.values())
    raise RuntimeError(f"found {len(found)} of {count} workers")


class Reports:
    """What processes say as soon as a change is in force in them; see ``bench.project.reporting``.

    Asking them instead would take the time that they need to load, where there are fewer processors.
    """

    def __init__(self) -> None:
        """Listen on the loopback."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(DEADLINE)
        self.port = int(self._socket.getsockname()[1])

    def last(self, value: str, pids: Iterable[int]) -> float:
        """Return the moment, in monotonic seconds, at which the last of the processes had ``value``."""
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
    """Return the seconds from ``since`` until the last worker had ``value``, as each one's answer shows."""
    last = reports.last(value, [worker.pid for worker in workers])
    if missing := [worker.pid for worker in workers if not worker.shows(value)]:
        raise RuntimeError(f"{missing} say that they have {value}, but do not serve it")
    return last - since
