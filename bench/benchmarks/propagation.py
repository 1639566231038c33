"""How soon a change is in force in every worker."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import sessions
from bench.contestant import Contestant
from bench.effort import Effort
from bench.row import Check, Row
from bench.sample import SECONDS, Sample
from bench.workers import REPORT_URI, find_workers, until_all_show
from tests.hub_process import HubProcess

WORKERS = 4
ROUNDS = 100
MEDIAN, LONGEST = 0.060, 0.200
PAUSE = 0.05
"""Seconds between two changes, times a number that never fits the watchers' interval."""

UPDATE = "UPDATE system_config SET config_value = ? WHERE config_key = 'csp_report_uri'"
Change = Callable[[], tuple[str, float]]
"""Commits a new value; returns it with the moment of the commit."""


def measure(effort: Effort) -> list[Row]:
    """Serve a hub with four workers and change its configuration by plan and apply, and by raw SQL."""
    rounds = effort.rounds(ROUNDS)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        _served(Path(folder)) as hub,
        _planned(hub) as planned,
        sessions.being_written(hub.database),
    ):
        by_plan = _measure(hub, planned, rounds)
        by_sql = _measure(hub, _by_sql(hub), rounds)
    return [_row("plan and apply", by_plan), _row("raw SQL", by_sql)]


@contextmanager
def _served(folder: Path) -> Iterator[HubProcess]:
    hub = HubProcess(folder)
    hub.manage("bootstrap")
    hub.serve(workers=WORKERS)
    try:
        yield hub
    finally:
        hub.stop()


@contextmanager
def _planned(hub: HubProcess) -> Iterator[Change]:
    """Change the configuration in a process of its own, as a command does."""
    variables = hub.environment | {"DJANGO_SETTINGS_MODULE": "hub.settings"}
    with Contestant("changes", environment=variables) as process:

        def change() -> tuple[str, float]:
            done = process.round()
            return REPORT_URI.format(done["number"]), done["committed"]

        yield change


def _by_sql(hub: HubProcess) -> Change:
    connection = sqlite3.connect(hub.database, timeout=20, isolation_level=None)
    numbers = iter(range(1_000_000, 2_000_000))

    def change() -> tuple[str, float]:
        value = REPORT_URI.format(next(numbers))
        connection.execute(UPDATE, [value])
        return value, time.monotonic()

    return change


def _measure(hub: HubProcess, change: Change, rounds: int) -> Sample:
    workers = find_workers(hub.port, WORKERS)
    seconds = []
    for number in range(rounds):
        value, committed = change()
        seconds.append(until_all_show(workers, value, committed))
        time.sleep(PAUSE * (0.5 + number % 7 / 7))
    for worker in workers:
        worker.close()
    return Sample(seconds)


def _row(by: str, sample: Sample) -> Row:
    return Row(
        what=f"a change by {by} until the last of {WORKERS} workers serves it, sessions being written",
        hub=f"{sample}, p99 {SECONDS.text(sample.quantile(0.99))}",
        checks=(
            Check(sample.median, "≤", MEDIAN, SECONDS, "p50"),
            Check(sample.quantile(1), "≤", LONGEST, SECONDS, "at most"),
        ),
    )
