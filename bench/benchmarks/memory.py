"""Measure the memory of a worker."""

from __future__ import annotations

import tempfile
import urllib.request
from pathlib import Path

from bench.effort import Effort
from bench.processes import DJANGO, children, environment, memory, run, serve
from bench.row import Check, Peer, Row
from bench.sample import MEBIBYTES
from tests.support.ports import free_port
from tests.support.processes.hub_process import HubProcess

REQUESTS = 50
MORE = 20.0


def measure(effort: Effort) -> list[Row]:
    """Compare the memory of a worker of the hub and of a plain project, after both have served pages."""
    requests = effort.rounds(REQUESTS)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        hub, plain = _of_the_hub(Path(folder) / "hub", requests), _of_plain_django(Path(folder), requests)
    return [
        Row(
            what="memory of a worker that has served pages",
            hub=MEBIBYTES.text(hub),
            peers=(Peer("a plain Django project with the admin", MEBIBYTES.text(plain), plain / hub),),
            checks=(Check(hub - plain, "≤", MORE, MEBIBYTES, "more"),),
        )
    ]


def _of_the_hub(folder: Path, requests: int) -> float:
    hub = HubProcess(folder)
    hub.is_forked = False  # start the hub as operators do, not as a fork of the tests
    hub.manage("bootstrap")
    hub.claim()
    hub.serve(workers=1)
    try:
        _fetch(f"{hub.url}/auth/login", requests)
        return memory(int(hub.health()["pid"]))
    finally:
        hub.stop()


def _of_plain_django(folder: Path, requests: int) -> float:
    variables = environment(folder, "bench.project.settings")
    run([*DJANGO, "migrate", "--verbosity", "0"], variables)
    port = free_port()
    with serve(port, variables) as master:
        _fetch(f"http://127.0.0.1:{port}/admin/login/", requests)
        return memory(children(master)[0])


def _fetch(url: str, requests: int) -> None:
    for _ in range(requests):
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - this machine's own server
            answer.read()
