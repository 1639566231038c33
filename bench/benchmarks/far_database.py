"""Measure how many pages per second the hub serves when its database is on another machine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from bench.distance import far_away
from bench.effort import Effort
from bench.load import CONNECTIONS, requests_a_second, sign_in
from bench.processes import serve
from bench.row import Check, Peer, Row
from bench.sample import A_SECOND, COUNT, TIMES, Sample
from tests.support.databases.postgresql import PostgreSQL
from tests.support.ports import free_port
from tests.support.processes.hub_process import HubProcess

ROUND_TRIPS = (0.0, 0.003, 0.020)
"""The additional time of a round trip to the database, in seconds."""
ROUNDS = 5
SECONDS, QUICK_SECONDS = 2.0, 0.3
WORKER = "hub.serving.gunicorn_worker.HubWorker"
HUB = "the hub"
IN_TURNS = "the hub, two pages at a time"
STANDARD = "Django's standard layers, a connection for each page"
TIMES_STANDARD = 1.2
TIMES_IN_TURNS, TIMES_IN_TURNS_HERE = 1.0, 0.8
"""The hub does not know how far away its database is, so it serves all pages at once.

That costs about a tenth if the database is on the same machine, and gains much more if it is not.
"""
MOST_OPENED = 0.05
PASSWORD = "only for benchmarks"  # noqa: S105 - of a server that only this program uses
ROLE = f"CREATE ROLE bench SUPERUSER LOGIN PASSWORD '{PASSWORD}'"
OPENED = "connection authorized: user=bench"
"""The text with which the server logs a new connection. Its statistics would count it only seconds later."""


def measure(effort: Effort) -> list[Row]:
    """Measure the pages per second of one worker, with round trips of several lengths to PostgreSQL.

    Also count the connections to PostgreSQL that are opened for each page.
    """
    seconds, rounds = QUICK_SECONDS if effort.quick else SECONDS, effort.rounds(ROUNDS)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        PostgreSQL.running("log_connections=on") as server,
    ):
        url = server.new_database()
        _require_password(server)
        hub = HubProcess(Path(folder) / "hub", database_url=url)
        hub.is_forked = False  # start the hub as operators do, not as a fork of the tests
        hub.manage("bootstrap")
        hub.claim()
        hub.config("set", "log_level=error")
        rows = [_row(hub, server, round_trip, rounds, seconds) for round_trip in ROUND_TRIPS]
        return [*rows, _row_of_connections(hub, server, seconds)]


def _require_password(server: PostgreSQL) -> None:
    """Create a role that signs in with a password, as usual on other machines."""
    rules = server.folder / "data" / "pg_hba.conf"
    rules.write_text(f"host all bench 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(ROLE.encode())
        connection.execute("SELECT pg_reload_conf()")


@contextmanager
def _served(hub: HubProcess, server: PostgreSQL, round_trip: float) -> Iterator[dict[str, int]]:
    """Start all servers. Yield a dict that maps the name of each server to its port."""
    with ExitStack() as stack:
        far = stack.enter_context(far_away(server.port, round_trip))
        name = str(hub.database_url).rpartition("/")[2]
        url = f"postgres://bench:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{far}/{name}"
        environment = hub.environment | {"HUB_DATABASE_URL": url}
        standard = environment | {"DJANGO_SETTINGS_MODULE": "bench.project.standard"}
        of_hub = ("-c", "hub/gunicorn.py")
        ports = {name: free_port() for name in (HUB, IN_TURNS, STANDARD)}
        plain = "bench.project.worker.PlainWorker"
        for server_name, module, worker, variables, options in (
            (HUB, "hub.asgi", WORKER, environment, of_hub),
            (IN_TURNS, "bench.project.in_turns", WORKER, environment, of_hub),
            (STANDARD, "bench.project.asgi", plain, standard, ()),
        ):
            port = ports[server_name]
            stack.enter_context(serve(port, variables, f"{module}:application", worker, *options))
        hub.port = ports[HUB]
        yield ports


def _row(hub: HubProcess, server: PostgreSQL, round_trip: float, rounds: int, seconds: float) -> Row:
    """Measure all servers in turn, with one delay of the database. Return the row for this delay."""
    with _served(hub, server, round_trip) as ports:
        cookie = sign_in(hub)
        values: dict[str, list[float]] = {name: [] for name in ports}
        for number in range(rounds + 1):
            for name in ports if number % 2 else reversed(list(ports)):
                values[name].append(requests_a_second(ports[name], "/", cookie, seconds))
    found = {name: Sample(measured[1:], A_SECOND) for name, measured in values.items()}
    own, in_turns = found[HUB], TIMES_IN_TURNS if round_trip else TIMES_IN_TURNS_HERE
    return Row(
        what=f"the dashboard on one worker for {CONNECTIONS} clients, {_place(round_trip)}",
        hub=str(own),
        peers=tuple(Peer(name, str(found[name]), own.over(found[name])) for name in (STANDARD, IN_TURNS)),
        checks=(
            Check(own.over(found[STANDARD]), "≥", TIMES_STANDARD, TIMES, "the standard layers"),
            Check(own.over(found[IN_TURNS]), "≥", in_turns, TIMES, "two pages at a time"),
        ),
    )


def _place(round_trip: float) -> str:
    return f"PostgreSQL {round_trip * 1000:.0f} ms away" if round_trip else "PostgreSQL on the same machine"


def _row_of_connections(hub: HubProcess, server: PostgreSQL, seconds: float) -> Row:
    """Return the row that says how many connections are opened for each page."""
    with _served(hub, server, 0.0) as ports:
        cookie = sign_in(hub)
        found = {name: _opened(server, ports[name], cookie, seconds) for name in (HUB, STANDARD)}
    return Row(
        what="connections to PostgreSQL that each page opens",
        hub=COUNT.text(found[HUB]),
        peers=(Peer(STANDARD, COUNT.text(found[STANDARD])),),
        checks=(Check(found[HUB], "≤", MOST_OPENED, COUNT),),
    )


def _opened(server: PostgreSQL, port: int, cookie: str, seconds: float) -> float:
    """Let clients request pages for ``seconds``. Return the new connections divided by the pages."""
    requests_a_second(port, "/", cookie, seconds)  # the pool opens its connections
    before = _connections(server)
    pages = requests_a_second(port, "/", cookie, seconds) * seconds
    return (_connections(server) - before) / pages


def _connections(server: PostgreSQL) -> int:
    """Return how many connections the server has accepted for the benchmark's role so far."""
    return (server.folder / "log").read_text().count(OPENED)
