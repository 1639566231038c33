"""Pages a second: the hub's, and the same pages in Django's standard layers, by every kind of worker."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from bench.effort import Effort
from bench.load import requests_a_second
from bench.processes import serve
from bench.row import Check, Peer, Row
from bench.sample import A_SECOND, PERCENT, Sample
from tests.event_stream import sign_in
from tests.hub_process import HubProcess, free_port

PAGES = {"the dashboard": "/", "the editor": "/admin/config_app/systemconfig/"}
ROUNDS = 5
SECONDS, QUICK_SECONDS = 1.5, 0.3
OF_PLAIN = 0.9
STANDARD, ONE_HOP = "Django's standard layers", "the same in one hop"


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """A kind of worker: the hub's class and the plain project's, the interface, gunicorn's options."""

    name: str
    ours: str
    plain: str
    interface: str
    options: tuple[str, ...] = ()


UVICORN = Kind("uvicorn", "hub.worker.HubWorker", "bench.project.worker.PlainWorker", "asgi")
KINDS = (
    UVICORN,
    Kind("gunicorn's own ASGI worker", "asgi", "asgi", "asgi"),
    Kind("four threads", "gthread", "gthread", "wsgi", ("--threads", "4")),
)


def measure(effort: Effort) -> list[Row]:
    """Measure a claimed hub whose owner is signed in, one kind of worker after the other."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        hub = HubProcess(Path(folder))
        hub.manage("bootstrap")
        hub.claim()
        return [row for kind in KINDS for row in _measure(hub, kind, effort)]


def _measure(hub: HubProcess, kind: Kind, effort: Effort) -> list[Row]:
    """Serve the same install by the hub's layers and by Django's, at the same time but asked in turns."""
    seconds = QUICK_SECONDS if effort.quick else SECONDS
    with _served(hub, kind) as ports:
        cookie = sign_in(hub)
        return [
            _row(f"{page} by {kind.name}", _take_turns(ports, path, cookie, effort.rounds(ROUNDS), seconds))
            for page, path in PAGES.items()
        ]


@contextmanager
def _served(hub: HubProcess, kind: Kind) -> Iterator[dict[str, int]]:
    """Yield the port of each contestant by its name; the hub has none."""
    start = partial(_serve_standard, hub, kind)
    with ExitStack() as stack:
        ours = ("-c", "hub/gunicorn.py", *kind.options)
        application = f"hub.{kind.interface}:application"
        stack.enter_context(serve(hub.port, hub.environment, application, kind.ours, *ours))
        ports = {"": hub.port, STANDARD: stack.enter_context(start())}
        if kind is UVICORN:
            ports[ONE_HOP] = stack.enter_context(start(BENCH_ONE_HOP="1"))
        yield ports


@contextmanager
def _serve_standard(hub: HubProcess, kind: Kind, **environment: str) -> Iterator[int]:
    port = free_port()
    variables = hub.environment | {"DJANGO_SETTINGS_MODULE": "bench.project.standard"} | environment
    application = f"bench.project.{kind.interface}:application"
    with serve(port, variables, application, kind.plain, *kind.options):
        yield port


def _take_turns(
    ports: Mapping[str, int], path: str, cookie: str, rounds: int, seconds: float
) -> dict[str, Sample]:
    values: dict[str, list[float]] = {name: [] for name in ports}
    for number in range(rounds + 1):
        for name in ports if number % 2 else reversed(list(ports)):
            values[name].append(requests_a_second(ports[name], path, cookie, seconds))
    return {name: Sample(found[1:], A_SECOND) for name, found in values.items()}


def _row(what: str, found: Mapping[str, Sample]) -> Row:
    hub, plain = found[""], found[STANDARD]
    return Row(
        what=f"{what}, one worker",
        hub=str(hub),
        peers=tuple(Peer(name, str(sample), hub.over(sample)) for name, sample in found.items() if name),
        checks=(Check(hub.over(plain), "≥", OF_PLAIN, PERCENT, "of the standard layers"),),
    )
