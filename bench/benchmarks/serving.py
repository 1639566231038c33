"""Measure how many pages per second the hub serves, with the hub's middleware and with Django's."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from bench.effort import Effort
from bench.load import requests_a_second, sign_in
from bench.processes import serve
from bench.row import Check, Peer, Row
from bench.sample import A_SECOND, PERCENT, Sample
from tests.support.ports import free_port
from tests.support.processes.hub_process import HubProcess

PAGES = {"the dashboard": "/", "the editor": "/admin/config_app/systemconfig/"}
ROUNDS = 5
SECONDS, QUICK_SECONDS = 1.5, 0.2
OF_STANDARD = 0.9


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """A kind of gunicorn worker.

    ``ours`` is the worker class that serves the hub. ``plain`` is the worker class that serves the hub with
    Django's standard middleware. ``interface`` is asgi or wsgi. ``options`` are options for gunicorn's
    command line.
    """

    name: str
    ours: str
    plain: str
    interface: str
    options: tuple[str, ...] = ()


UVICORN = Kind("uvicorn", "hub.serving.gunicorn_worker.HubWorker", "bench.project.worker.PlainWorker", "asgi")
KINDS = (
    UVICORN,
    Kind("gunicorn's own ASGI worker", "asgi", "asgi", "asgi"),
    Kind("four threads", "gthread", "gthread", "wsgi", ("--threads", "4")),
)
AS_THE_HUB = "Django's standard layers with the hub's optimizations"


def measure(effort: Effort) -> list[Row]:
    """Measure the pages per second of each kind of worker.

    All servers run at the same time and use the same claimed install. Only one server is measured at a time.
    """
    seconds, rounds = QUICK_SECONDS if effort.quick else SECONDS, effort.rounds(ROUNDS)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        hub = HubProcess(Path(folder))
        hub.is_forked = False  # start the hub as operators do, not as a fork of the tests
        hub.manage("bootstrap")
        hub.claim()
        hub.config("set", "log_level=error")
        with _served(hub) as ports:
            cookie = sign_in(hub)
            found = {page: _take_turns(ports, path, cookie, rounds, seconds) for page, path in PAGES.items()}
    return [row for page, samples in found.items() for row in _rows(page, samples)]


def _ours(kind: Kind) -> str:
    return f"the hub on {kind.name}"


def _standard(kind: Kind) -> str:
    return f"Django's standard layers on {kind.name}"


@contextmanager
def _served(hub: HubProcess) -> Iterator[dict[str, int]]:
    """Start all servers and yield a dict that maps the name of each server to its port."""
    standard = hub.environment | {"DJANGO_SETTINGS_MODULE": "bench.project.standard"}
    with ExitStack() as stack:
        start = partial(_start, stack)
        ports = {}
        for kind in KINDS:
            options = ("-c", "hub/gunicorn.py", *kind.options)
            ports[_ours(kind)] = start(f"hub.{kind.interface}", kind.ours, hub.environment, *options)
            ports[_standard(kind)] = start(_plain(kind), kind.plain, standard, *kind.options)
        ports[AS_THE_HUB] = start(_plain(UVICORN), UVICORN.plain, standard | {"BENCH_AS_THE_HUB": "1"})
        hub.port = ports[_ours(UVICORN)]
        yield ports


def _plain(kind: Kind) -> str:
    return f"bench.project.{kind.interface}"


def _start(stack: ExitStack, module: str, worker: str, environment: dict[str, str], *options: str) -> int:
    port = free_port()
    stack.enter_context(serve(port, environment, f"{module}:application", worker, *options))
    return port


def _take_turns(
    ports: Mapping[str, int], path: str, cookie: str, rounds: int, seconds: float
) -> dict[str, Sample]:
    values: dict[str, list[float]] = {name: [] for name in ports}
    for number in range(rounds + 1):
        for name in ports if number % 2 else reversed(list(ports)):
            values[name].append(requests_a_second(ports[name], path, cookie, seconds))
    return {name: Sample(found[1:], A_SECOND) for name, found in values.items()}


def _rows(page: str, found: Mapping[str, Sample]) -> Iterator[Row]:
    """Yield a row for each kind of worker.

    Each row compares the hub with Django's standard middleware on the same kind of worker. The row for
    uvicorn has more peers: the hub on every other kind of worker, and Django's standard middleware with the
    hub's optimizations.
    """
    for kind in KINDS:
        hub, standard = found[_ours(kind)], found[_standard(kind)]
        others = [AS_THE_HUB, *(_ours(other) for other in KINDS[1:])] if kind is UVICORN else []
        shown = {"Django's standard layers": standard} | {name: found[name] for name in others}
        yield Row(
            what=f"{page} on {kind.name}, one worker",
            hub=str(hub),
            peers=tuple(Peer(name, str(sample), hub.over(sample)) for name, sample in shown.items()),
            checks=(Check(hub.over(standard), "≥", OF_STANDARD, PERCENT, "of the standard layers"),),
        )
