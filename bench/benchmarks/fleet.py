"""Measure how fast a change reaches a thousand simulated processes on one PostgreSQL server."""

from __future__ import annotations

from bench.contestant import Contestant, Samples, play
from bench.effort import Effort
from bench.row import Row
from bench.sample import SECONDS, Sample
from tests.support.databases.postgresql import PostgreSQL

PROCESSES, QUICK_PROCESSES = 1000, 40
SPARE = 100
ROUNDS = 10


def measure(effort: Effort) -> list[Row]:
    """Measure how long it takes until all processes have loaded a change.

    Return a row for each design in ``bench.inside.fleet``.
    """
    processes = QUICK_PROCESSES if effort.quick else PROCESSES
    with PostgreSQL.running(f"max_connections={processes + SPARE}") as server:
        fleet = Contestant(
            "fleet", environment={"BENCH_PROCESSES": str(processes)}, database_url=server.new_database()
        )
        (found,) = play([fleet], effort.rounds(ROUNDS))
    designs = dict.fromkeys(name.partition(": ")[0] for name in found)
    return [_row(processes, design, found) for design in designs]


def _row(processes: int, design: str, found: Samples) -> Row:
    half, last, peak, connections = (
        found[f"{design}: {name}"] for name in ("half", "all", "peak", "connections")
    )
    return Row(
        what=f"{processes:,} simulated processes on one PostgreSQL, {design}",
        hub=f"{_seconds(half)} until half of them have a change, {_seconds(last)} until all do;"
        f" {connections.median:,.0f} connections, at most {peak.quantile(1):,.0f} loads at once",
    )


def _seconds(sample: Sample) -> str:
    return SECONDS.text(sample.median)
