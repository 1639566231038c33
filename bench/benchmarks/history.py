"""Measure commands in an install with a long history."""

from __future__ import annotations

from bench.contestant import Contestant, Samples, play
from bench.effort import Effort
from bench.row import Check, Row, beside
from bench.sample import TIMES
from tests.support.databases.postgresql import PostgreSQL

CHANGES = 1_000_000
ROUNDS = 30
SLOWER = 1.5


def measure(effort: Effort) -> list[Row]:
    """Compare a history of a million changes with an empty history, on SQLite and on PostgreSQL."""
    changes, rounds = effort.size(CHANGES), effort.rounds(ROUNDS)
    on_sqlite = play([_contestant(number, None) for number in (changes, 0)], rounds)
    with PostgreSQL.running() as server:
        contestants = [_contestant(number, server.new_database()) for number in (changes, 0)]
        on_postgresql = play(contestants, rounds)
    return [*_rows("SQLite", changes, *on_sqlite), *_rows("PostgreSQL", changes, *on_postgresql)]


def _contestant(changes: int, database_url: str | None) -> Contestant:
    return Contestant("history", environment={"BENCH_CHANGES": str(changes)}, database_url=database_url)


def _rows(database: str, changes: int, long: Samples, none: Samples) -> list[Row]:
    return [
        Row(
            what=f"{action}, with a history of {changes:,} changes, {database}",
            hub=str(sample),
            peers=(beside("an empty history", none[action], sample),),
            checks=(Check(sample.over(none[action]), "≤", SLOWER, TIMES, "an empty history"),),
        )
        for action, sample in long.items()
    ]
