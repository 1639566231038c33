"""The workers of a served hub, each asked over a connection of its own."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection

REPORT_URI = "https://reports.example.com/{:.0f}"
"""A value of ``csp_report_uri``, which every response shows: so one sees from outside what is in force."""
DEADLINE = 10.0
ATTEMPTS = 1000


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


def until_all_show(workers: list[Worker], value: str, since: float) -> float:
    """Return the seconds from ``since`` until the last worker was first seen to serve ``value``."""
    waiting = list(workers)
    while waiting:
        waiting = [worker for worker in waiting if not worker.shows(value)]
        if time.monotonic() - since > DEADLINE:
            raise RuntimeError(f"{len(waiting)} workers never served {value}")
    return time.monotonic() - since
