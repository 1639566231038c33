"""How many processes run a revision, and what each of them reports."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from config_app.models import Process
from config_app.propagation.receipts import IN_SECONDS, running
from config_app.store import timeline


def pinned(processes: Iterable[Process]) -> Iterator[tuple[str, str]]:
    """Yield a key and a text for each pinned value. The text names the value and the machines."""
    machines: dict[tuple[str, str], dict[str, None]] = {}
    for process in processes:
        for key, value in process.pins.items():
            machines.setdefault((key, str(value)), {})[process.machine] = None
    for (key, value), names in machines.items():
        where = f"the command line or the environment of the server on {', '.join(names)}"
        yield key, f"pinned to {value} by {where}: the stored value is not used there"


@dataclasses.dataclass(frozen=True, slots=True)
class Summary:
    """The running processes, and how many of them run a revision. ``str()`` returns a summary in one line.

    With ``keys``, a process counts only if it has also acted on these settings.
    """

    revision: int
    processes: tuple[Process, ...]
    keys: frozenset[str] = frozenset()

    @property
    def current(self) -> list[Process]:
        """Return the processes that run the revision or a later one, and have acted on ``keys``."""
        return [process for process in self.processes if self._is_current(process)]

    @property
    def behind(self) -> list[Process]:
        """Return the processes that do not run the revision yet, or have not acted on ``keys``."""
        return [process for process in self.processes if not self._is_current(process)]

    @property
    def is_under_way(self) -> bool:
        """Return whether a process has not loaded the revision yet, or has not acted on a setting yet."""
        return bool(self.behind) or any(process.pending for process in self.processes)

    def _is_current(self, process: Process) -> bool:
        return process.revision >= self.revision and self.keys.isdisjoint(process.pending)

    @property
    def slowest_ms(self) -> int | None:
        """Return the longest latency of the processes in ``current``, in milliseconds.

        Return ``None`` if no latency is known.
        """
        return max((p.latency_ms for p in self.current if p.latency_ms is not None), default=None)

    def as_json(self) -> dict[str, Any]:
        """Return the JSON data that a verb adds to its output if it is called with ``--wait``."""
        receipts = [as_json(process) for process in self.processes]
        return {"everywhere": not self.behind, "slowest_ms": self.slowest_ms, "processes": receipts}

    def __str__(self) -> str:
        """Return a sentence such as ``6 of 6 processes at revision 42, slowest 80 ms``."""
        if not self.processes:
            return "no process is running"
        count, slowest = len(self.processes), self.slowest_ms
        noun = "process" if count == 1 else "processes"
        parts = [f"{len(self.current)} of {count} {noun} at revision {self.revision}"]
        parts += [] if slowest is None else [f"slowest {_duration(slowest)}"]
        failing = sum(bool(process.error) for process in self.processes)
        parts += [f"{failing} with an error"] if failing else []
        return ", ".join(parts)


def remark(process: Process) -> str:
    """Return a text with the revision of the process, the settings in ``pending``, and the error."""
    reason = f" ({process.error})" if process.error else ""
    undone = f" and has yet to act on {', '.join(process.pending)}" if process.pending else ""
    return f"{process} is at revision {process.revision}{undone}{reason}"


def as_json(process: Process) -> dict[str, Any]:
    """Return a receipt as JSON data."""
    return {
        "machine": process.machine,
        "instance": process.instance,
        "pid": process.pid,
        "role": process.role,
        "revision": process.revision,
        "since": process.since.isoformat(),
        "latency_ms": process.latency_ms,
        "pins": process.pins,
        "pending": process.pending,
        "error": process.error,
    }


def _duration(milliseconds: int) -> str:
    return f"{milliseconds} ms" if milliseconds < IN_SECONDS else f"{milliseconds // 1000} s"


def summary(revision: int | None = None, keys: Iterable[str] = ()) -> Summary:
    """Return a ``Summary`` of the running processes for ``revision``, by default for the newest revision.

    With ``keys``, a process counts only if it has also acted on these settings.
    """
    number = timeline.last_number() if revision is None else revision
    return Summary(number, tuple(running()), frozenset(keys))
