"""Measure how long a management command takes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.effort import Effort
from bench.processes import DJANGO, MANAGE, environment, run, take_turns
from bench.row import Check, Row, beside
from bench.sample import TIMES, Sample

ROUNDS = 40
OVER_EMPTY, OVER_PLAIN = 1.2, 1.3

Actions = dict[str, Callable[[], object]]


def measure(effort: Effort) -> list[Row]:
    """Measure ``config get``, an empty command in the hub, and an empty command in a plain project.

    Each command runs in a new process. The time includes the start of the process.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        run([*MANAGE, "bootstrap"], environment(folder))
        found = take_turns(_actions(folder), effort.rounds(ROUNDS))
    get, empty, plain = (found[name] for name in ("get", "empty", "plain"))
    return [
        _row(
            "config get port, the whole process",
            get,
            "an empty command",
            empty,
            OVER_EMPTY,
        ),
        _row(
            "an empty command in the hub",
            empty,
            "an empty command in a plain Django project",
            plain,
            OVER_PLAIN,
        ),
    ]


def _actions(folder: Path) -> Actions:
    hub, plain = (
        environment(folder, "bench.project.hub_settings"),
        environment(folder, "bench.project.settings"),
    )
    return {
        "get": partial(run, [*MANAGE, "config", "get", "port"], environment(folder)),
        "empty": partial(run, [*MANAGE, "nothing"], hub),
        "plain": partial(run, [*DJANGO, "nothing"], plain),
    }


def _row(what: str, sample: Sample, peer: str, other: Sample, limit: float) -> Row:
    return Row(
        what=what,
        hub=str(sample),
        peers=(beside(peer, other, sample),),
        checks=(Check(sample.over(other), "≤", limit, TIMES, "of that"),),
    )
