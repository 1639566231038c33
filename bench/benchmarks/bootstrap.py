"""Measure how long the first start of the hub takes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.effort import Effort
from bench.processes import DJANGO, MANAGE, environment, run, take_turns
from bench.row import Check, Row, beside
from bench.sample import TIMES

ROUNDS = 10
OVER_MIGRATE = 1.5


def measure(effort: Effort) -> list[Row]:
    """Measure ``bootstrap`` and a plain ``migrate``.

    Each command runs in a new process and in an empty folder. The time includes the start of the process.
    """
    found = take_turns({"bootstrap": _bootstrap, "migrate": _migrate}, effort.rounds(ROUNDS))
    hub, plain = found["bootstrap"], found["migrate"]
    return [
        Row(
            what="manage.py bootstrap in an empty folder, the whole process",
            hub=str(hub),
            peers=(beside("migrate of the same apps", plain, hub),),
            checks=(Check(hub.over(plain), "≤", OVER_MIGRATE, TIMES, "of that"),),
        )
    ]


def _bootstrap() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        run([*MANAGE, "bootstrap"], environment(Path(folder)))


def _migrate() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        run([*DJANGO, "migrate", "--verbosity", "0"], environment(Path(folder), "bench.project.hub_apps"))
