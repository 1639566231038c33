"""Measure how long it takes to load a revision."""

from __future__ import annotations

from bench.contestant import Contestant, play
from bench.effort import Effort
from bench.row import Check, Row
from bench.sample import SECONDS, TIMES

SIZES = (20, 300, 3000)
ROUNDS = 30
A_SETTING = 30e-6
LINEAR = 1.5


def measure(effort: Effort) -> list[Row]:
    """Measure how long a reload takes with 20, 300 and 3000 settings. Every setting has a row."""
    sizes = [effort.size(size) for size in SIZES]
    found = play([Contestant("loading", settings=size) for size in sizes], effort.rounds(ROUNDS))
    loads = [samples["load"] for samples in found]
    _few, many, most = (load.median / size for load, size in zip(loads, sizes, strict=True))
    return [
        Row(
            what=f"load a revision of {' / '.join(f'{size:,}' for size in sizes)} settings, none secret",
            hub=" / ".join(map(str, loads)),
            checks=(
                Check(most, "≤", A_SETTING, SECONDS, f"per setting, with {sizes[-1]:,}"),
                Check(most / many, "≤", LINEAR, TIMES, f"the time per setting with {sizes[1]:,}"),
            ),
        )
    ]
