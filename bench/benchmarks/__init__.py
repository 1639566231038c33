"""The benchmarks: each module measures one thing and returns rows of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bench.benchmarks import (
    bootstrap,
    commands,
    far_database,
    fleet,
    history,
    loading,
    memory,
    overhead,
    propagation,
    reads,
    saving,
    serving,
    watching,
)
from bench.effort import Effort
from bench.row import Row

BENCHMARKS: Mapping[str, Callable[[Effort], list[Row]]] = {
    "reads": reads.measure,
    "overhead": overhead.measure,
    "watching": watching.measure,
    "propagation": propagation.measure,
    "fleet": fleet.measure,
    "saving": saving.measure,
    "loading": loading.measure,
    "history": history.measure,
    "commands": commands.measure,
    "bootstrap": bootstrap.measure,
    "serving": serving.measure,
    "far_database": far_database.measure,
    "memory": memory.measure,
}
"""The names of the benchmarks and their functions, in the order of the table."""
