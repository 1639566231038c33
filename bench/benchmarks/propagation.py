"""Measure how long it takes until every worker uses a change."""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from bench import sessions
from bench.contestant import Contestant
from bench.effort import Effort
from bench.row import Check, Row
from bench.sample import SECONDS, Sample
from bench.workers import REPORT_URI, Reports, find_workers, seconds_until_all
from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes.hub_process import HubProcess

SQLITE_WORKERS = 4
HUBS, POSTGRESQL_WORKERS = 2, 2
ROUNDS = 100
SQLITE_MEDIAN, SQLITE_LONGEST = 0.060, 0.200
POSTGRESQL_MEDIAN, POSTGRESQL_P99 = 0.015, 0.060
PAUSE = 0.05
"""The average pause between two changes, in seconds. The pauses differ, so that no rhythm arises."""
SHARED_KEY = "only for benchmarks, whose hubs share a database"

UPDATE = "UPDATE system_config SET config_value = '{}' WHERE config_key = 'csp_report_uri'"
Change = Callable[[], tuple[str, float]]
"""A function that commits a new value, and returns the value and the commit's time in monotonic seconds."""


def measure(effort: Effort) -> list[Row]:
    """Measure the time from a change until all workers use the new value.

    Measure changes with a plan and changes with raw SQL. Measure both on SQLite and on PostgreSQL.
    """
    rounds = effort.rounds(ROUNDS)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, closing(Reports()) as reports:
        return [*_on_sqlite(Path(folder), reports, rounds), *_on_postgresql(Path(folder), reports, rounds)]


def _on_sqlite(folder: Path, reports: Reports, rounds: int) -> list[Row]:
    hub = _reporting(HubProcess(folder / "hub"), reports)
    with _served([hub], SQLITE_WORKERS), sessions.being_written(str(hub.database)):
        connection = sqlite3.connect(hub.database, timeout=20, isolation_level=None)
        found = _both_ways([hub], reports, SQLITE_WORKERS, connection, rounds)
    return [_on_sqlite_row(by, sample) for by, sample in found.items()]


def _on_postgresql(folder: Path, reports: Reports, rounds: int) -> list[Row]:
    with PostgreSQL.running() as server:
        url = server.new_database()
        hubs = [_reporting(_sharing(folder / f"hub{number}", url), reports) for number in range(HUBS)]
        with _served(hubs, POSTGRESQL_WORKERS), psycopg.connect(url, autocommit=True) as connection:
            found = _both_ways(hubs, reports, POSTGRESQL_WORKERS, connection, rounds)
    return [_on_postgresql_row(by, sample) for by, sample in found.items()]


def _sharing(folder: Path, url: str) -> HubProcess:
    """Return a hub that uses the database at ``url``.

    All hubs of this benchmark have the same encryption key, because they share the database.
    """
    hub = HubProcess(folder, database_url=url)
    hub.environment["HUB_ENCRYPTION_KEY"] = SHARED_KEY
    return hub


def _reporting(hub: HubProcess, reports: Reports) -> HubProcess:
    hub.is_forked = False  # start the hub as operators do, not as a fork of the tests
    hub.environment["DJANGO_SETTINGS_MODULE"] = "bench.project.reporting_settings"
    hub.environment["BENCH_REPORTS"] = str(reports.port)
    return hub


@contextmanager
def _served(hubs: Sequence[HubProcess], workers: int) -> Iterator[None]:
    with ExitStack() as stack:
        for hub in hubs:
            hub.manage("bootstrap")
            stack.callback(hub.stop)
            hub.serve(workers=workers)
        yield


def _both_ways(
    hubs: Sequence[HubProcess], reports: Reports, workers: int, connection: Any, rounds: int
) -> dict[str, Sample]:
    """Measure changes in two ways: first with a plan, then with raw SQL.

    Return a dict that maps the name of each way to a sample of times in seconds.
    """
    with _planned(hubs[0]) as planned:
        by_plan = _measure(hubs, reports, workers, planned, rounds)
    by_sql = _measure(hubs, reports, workers, _by_sql(connection), rounds)
    return {"plan and apply": by_plan, "raw SQL": by_sql}


@contextmanager
def _planned(hub: HubProcess) -> Iterator[Change]:
    """Yield a function that makes a change with a plan. The change is made in a separate process."""
    with Contestant("changes", environment=hub.environment) as process:
        # The first round starts Django. This takes so long that the workers would close idle connections.
        process.round()

        def change() -> tuple[str, float]:
            done = process.round()
            return REPORT_URI.format(done["number"]), done["committed"]

        yield change


def _by_sql(connection: Any) -> Change:
    numbers = itertools.count(1_000_000)

    def change() -> tuple[str, float]:
        value = REPORT_URI.format(next(numbers))
        connection.execute(UPDATE.format(value))
        return value, time.monotonic()

    return change


def _measure(hubs: Sequence[HubProcess], reports: Reports, count: int, change: Change, rounds: int) -> Sample:
    workers = [worker for hub in hubs for worker in find_workers(hub.port, count)]
    seconds = []
    for number in range(rounds):
        value, committed = change()
        seconds.append(seconds_until_all(reports, workers, value, committed))
        time.sleep(PAUSE * (0.5 + number % 7 / 7))
    for worker in workers:
        worker.close()
    return Sample(seconds)


def _on_sqlite_row(by: str, sample: Sample) -> Row:
    workers = f"{SQLITE_WORKERS} workers"
    return _row(
        f"from a change by {by} until all {workers} use it, SQLite, while sessions are written",
        sample,
        Check(sample.median, "≤", SQLITE_MEDIAN, SECONDS, "p50"),
        Check(sample.quantile(1), "≤", SQLITE_LONGEST, SECONDS, "at most"),
    )


def _on_postgresql_row(by: str, sample: Sample) -> Row:
    workers = f"{POSTGRESQL_WORKERS} workers on each of {HUBS} hubs"
    return _row(
        f"from a change by {by} until all {workers} use it, PostgreSQL",
        sample,
        Check(sample.median, "≤", POSTGRESQL_MEDIAN, SECONDS, "p50"),
        Check(sample.quantile(0.99), "≤", POSTGRESQL_P99, SECONDS, "p99"),
    )


def _row(what: str, sample: Sample, *checks: Check) -> Row:
    return Row(what=what, hub=f"{sample}, p99 {SECONDS.text(sample.quantile(0.99))}", checks=checks)
