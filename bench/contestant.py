"""Run benchmarks in processes that take turns: only one process at a time measures a round."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from bench.sample import SECONDS, Sample, Unit

ROOT = Path(__file__).resolve().parent.parent
WARM_UP = 1
"""The number of rounds that only warm up. The result does not contain the values of these rounds."""

Samples = dict[str, Sample]


class Contestant:
    """A module of ``bench.inside`` that runs in its own process and its own folder."""

    def __init__(
        self,
        part: str,
        apps: Iterable[str] = ("config_app",),
        settings: int = 20,
        environment: Mapping[str, str] | None = None,
        database_url: str | None = None,
    ) -> None:
        """Store what the process needs. This does not start the process.

        ``part`` is the name of the module. ``apps`` are the applications to install. ``settings`` is the
        number of settings. ``environment`` is added to the process environment. Without ``database_url``,
        the database is an SQLite file in the folder of the process.
        """
        self._part = part
        self._environment = {
            "PATH": os.environ["PATH"],
            "BENCH_APPS": ",".join(apps),
            "BENCH_SETTINGS": str(settings),
            **({"BENCH_DATABASE_URL": database_url} if database_url else {}),
            **(environment or {}),
        }
        self._database_url = database_url
        self._stack = ExitStack()

    def __enter__(self) -> Contestant:
        """Start the process."""
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
        self.database = self._database_url or str(Path(folder) / "bench.db")
        self._process = self._stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "bench.inside", self._part],
                cwd=ROOT,
                env={"BENCH_FOLDER": folder, "HOME": folder, **self._environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process and remove the folder of the process."""
        self._stack.close()  # this closes the input of the process, so it ends

    def round(self) -> dict[str, float]:
        """Measure one round and return a dict that maps names to measured values.

        Raise ``RuntimeError`` if the process has ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._part} ended with {self._process.wait()}")
        found: dict[str, float] = json.loads(line)
        return found


def play(contestants: Sequence[Contestant], rounds: int, unit: Unit = SECONDS) -> list[Samples]:
    """Start the contestants, measure ``rounds`` rounds of each contestant in turn, and end the contestants.

    Return a list with a dict for each contestant. The dict maps the name of each measured value to a sample.
    """
    with ExitStack() as stack:
        for contestant in contestants:
            stack.enter_context(contestant)
        return take_turns(contestants, rounds, unit)


def take_turns(contestants: Sequence[Contestant], rounds: int, unit: Unit = SECONDS) -> list[Samples]:
    """Measure ``rounds`` rounds of each contestant in turn. The contestants must be running.

    Return a list with a dict for each contestant. The dict maps the name of each measured value to a sample.
    """
    found: list[list[dict[str, float]]] = [[] for _ in contestants]
    for number in range(WARM_UP + rounds):
        turns = list(zip(contestants, found, strict=True))
        for contestant, values in turns if number % 2 else reversed(turns):
            values.append(contestant.round())
    return [_by_name(values[WARM_UP:], unit) for values in found]


def _by_name(rounds: Sequence[dict[str, float]], unit: Unit) -> Samples:
    return {name: Sample((values[name] for values in rounds), unit) for name in rounds[0]}
