"""Measure how much slower the rest of a project becomes when config_app is installed."""

from __future__ import annotations

from bench.contestant import Contestant, play
from bench.effort import Effort
from bench.row import Check, Row, beside
from bench.sample import PERCENT, Sample

ROUNDS = 60
OF_A_REQUEST = 0.05


def measure(effort: Effort) -> list[Row]:
    """Compare a project with config_app and the same project without config_app."""
    having, without = play(
        [Contestant("overhead", ["config_app"]), Contestant("overhead", [])], effort.rounds(ROUNDS)
    )
    return [
        _row("a read of settings.X, config_app installed", having["settings"], without["settings"]),
        _row("a request, config_app with its middleware installed", having["request"], without["request"]),
    ]


def _row(what: str, hub: Sample, plain: Sample) -> Row:
    more = hub.over(plain) - 1
    return Row(
        what=what,
        hub=str(hub),
        peers=(beside("not installed", plain, hub),),
        checks=(Check(more, "≤", OF_A_REQUEST, PERCENT, "more than without"),),
    )
