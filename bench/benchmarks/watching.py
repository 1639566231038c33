"""Measure the CPU time that the watcher of an idle process needs."""

from __future__ import annotations

from bench import sessions
from bench.contestant import Contestant, take_turns
from bench.effort import Effort
from bench.row import Check, Row
from bench.sample import PERCENT, Sample
from tests.support.databases.postgresql import PostgreSQL

ROUNDS = 5
OF_A_CORE = 0.005


def measure(effort: Effort) -> list[Row]:
    """Measure the CPU time of a process that only watches for changes, on SQLite and on PostgreSQL."""
    rounds = effort.rounds(ROUNDS)
    on_sqlite = _measure("SQLite", None, rounds)
    with PostgreSQL.running() as server:
        return [*on_sqlite, *_measure("PostgreSQL", server.new_database(), rounds)]


def _measure(name: str, database_url: str | None, rounds: int) -> list[Row]:
    """Measure a watching process twice: with an idle database, and while sessions are written to it.

    Return a row for each of the two measurements.
    """
    with Contestant("watching", database_url=database_url) as process:
        alone = take_turns([process], rounds, PERCENT)[0]
        with sessions.being_written(process.database):
            beside = take_turns([process], rounds, PERCENT)[0]
    return [
        _row(f"watching {name} in an idle process, in CPU time", alone["share of a core"]),
        _row(f"the same while sessions are written to {name}", beside["share of a core"]),
    ]


def _row(what: str, sample: Sample) -> Row:
    check = Check(sample.median, "≤", OF_A_CORE, PERCENT, "of a core")
    return Row(what=what, hub=str(sample), checks=(check,))
