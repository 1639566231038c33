"""Commands in an install with a long history."""

from __future__ import annotations

from bench.contestant import Contestant, play
from bench.effort import Effort
from bench.row import Check, Row, beside
from bench.sample import TIMES

CHANGES = 1_000_000
ROUNDS = 30
SLOWER = 1.5


def measure(effort: Effort) -> list[Row]:
    """Measure with a history of a million changes and with none."""
    changes = effort.size(CHANGES)
    long, none = play(
        [Contestant("history", environment={"BENCH_CHANGES": str(number)}) for number in (changes, 0)],
        effort.rounds(ROUNDS),
    )
    return [
        Row(
            what=f"{action}, with a history of {changes:,} changes",
            hub=str(sample),
            peers=(beside("an empty history", none[action], sample),),
            checks=(Check(sample.over(none[action]), "≤", SLOWER, TIMES, "an empty history"),),
        )
        for action, sample in long.items()
    ]
