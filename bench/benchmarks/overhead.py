"""Measure how much slower the rest of a project becomes when config_app is installed."""

from __future__ import annotations

from bench.contestant import Contestant, Samples, play
from bench.effort import Effort
from bench.row import Check, Row, beside
from bench.sample import PERCENT, Sample, joined

PAIRS = 6
"""The number of pairs of processes: one process with config_app, and one process without config_app.

Each pair starts two new processes, because the speed of Python processes differs by several percent.
"""
ROUNDS = 12
OF_A_REQUEST = 0.05
ROWS = {
    "settings": "a read of settings.X, config_app installed",
    "request": "a request, config_app with its middleware installed",
}


def measure(effort: Effort) -> list[Row]:
    """Compare a project with config_app and the same project without config_app."""
    pairs = [_pair(effort.rounds(ROUNDS)) for _ in range(effort.rounds(PAIRS))]
    having, without = zip(*pairs, strict=True)
    return [
        _row(what, joined(with_it[name] for with_it in having), joined(plain[name] for plain in without))
        for name, what in ROWS.items()
    ]


def _pair(rounds: int) -> list[Samples]:
    return play([Contestant("overhead", ["config_app"]), Contestant("overhead", [])], rounds)


def _row(what: str, hub: Sample, plain: Sample) -> Row:
    more = hub.over(plain) - 1
    return Row(
        what=what,
        hub=str(hub),
        peers=(beside("not installed", plain, hub),),
        checks=(Check(more, "≤", OF_A_REQUEST, PERCENT, "more than without"),),
    )
