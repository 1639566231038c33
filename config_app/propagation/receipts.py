"""Which process runs which revision: every one writes a row of its own, by the clock of the database.

Machines whose clocks differ, or one whose clock is set, would otherwise take each other for dead.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db.models import Q
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from config_app.live import effects, hooks, runtime
from config_app.live.runtime import Snapshot
from config_app.models import Process
from config_app.store import timeline
from config_app.store.failures import database_errors
from config_app.store.forking import open_in_children
from config_app.store.locks import bounded_transaction
from config_app.store.upsert import upsert

HEARTBEAT = 20.0
"""Seconds between two signs of life."""
MISSING_AFTER = dt.timedelta(seconds=3 * HEARTBEAT)
CLOCK_WAS_SET = 5.0
"""Seconds that the time of day may gain or lose between two looks before it counts as set anew."""
LONGEST_MS, IN_SECONDS = 2**31 - 1, 10_000
"""The longest latency that fits the column, and the one from which on it is told in seconds."""
SIGN_OF_LIFE = ["role", "seen_at", "pins", "pending", "error"]
RECEIPT = [*SIGN_OF_LIFE, "revision", "since", "latency_ms", "started_at"]


@dataclasses.dataclass(frozen=True, slots=True)
class ProcessState:
    """What a process has to say for itself; a new one is written at once."""

    role: str
    revision: int
    pending: tuple[str, ...]
    error: str


@dataclasses.dataclass(frozen=True, slots=True)
class Signed:
    """What this process wrote last, and when by its own two clocks."""

    statement: ProcessState
    latency_ms: int | None
    monotonic: float
    time_of_day: float

    def is_due(self, statement: ProcessState) -> bool:
        """Tell whether it is time to write again."""
        passed, shown = time.monotonic() - self.monotonic, time.time() - self.time_of_day
        return statement != self.statement or passed >= HEARTBEAT or abs(shown - passed) > CLOCK_WAS_SET


UNDESCRIBED = "process"

_instance = secrets.token_hex(4)  # of the master and whatever it forks, whose numbers differ
_role = UNDESCRIBED
_pins: dict[str, str] = {}
_started_at = time.monotonic()
_signed: Signed | None = None
_failure = ""
_writing = open_in_children(threading.Lock())


def describe(role: str, pins: Mapping[str, str] | None = None) -> None:
    """Say what this process is, and which settings its command line pinned, by key."""
    global _role  # noqa: PLW0603 - one description a process; forks inherit the pins
    _role = role
    if pins is not None:
        _pins.clear()
        _pins.update(pins)


def pins() -> Mapping[str, str]:
    """Return the settings that this process's command line pinned, by key."""
    return dict(_pins)


def note_failure(text: str) -> None:
    """Note why this process cannot take up the configuration; an empty text once it can."""
    global _failure  # noqa: PLW0603
    _failure = text


def is_due() -> bool:
    """Tell whether there is something new to say, or it is time for a sign of life."""
    return _signed is None or _signed.is_due(_statement(runtime.get_snapshot()))


def sign() -> None:
    """Write which revision this process has in force."""
    global _signed  # noqa: PLW0603
    with _writing, database_errors():
        snapshot = runtime.get_snapshot()
        statement, latency = _statement(snapshot), _latency_ms(snapshot)
        _write(snapshot, statement, latency)
        _signed = Signed(statement, latency, time.monotonic(), time.time())


def _statement(snapshot: Snapshot) -> ProcessState:
    pending = [key for key in effects.pending(snapshot.config) if key not in _pins]
    return ProcessState(_role, snapshot.revision, tuple(pending), "; ".join(_errors(snapshot)))


def _errors(snapshot: Snapshot) -> list[str]:
    """Return what this process refused or failed to take up; names and expectations, never values."""
    refused = [str(p) for p in snapshot.problems if p.severity == "error" or p.code == "secret_unreadable"]
    return [*filter(None, [_failure, effects.obstacle()]), *refused, *hooks.failures()]


def _is_new(snapshot: Snapshot) -> bool:
    return _signed is None or _signed.statement.revision != snapshot.revision


def _latency_ms(snapshot: Snapshot) -> int | None:
    """Return how long after it was written the revision was in force; unknown for what was there before."""
    if _signed is None or not _is_new(snapshot):
        return _signed.latency_ms if _signed else None
    age = timeline.age(snapshot.revision)
    if age is None or snapshot.revision < _signed.statement.revision:  # restored from a backup
        return None
    return min(max(0, round((age - _since(snapshot.in_force_at)) * 1000)), LONGEST_MS)


def _since(moment: float) -> float:
    return time.monotonic() - moment


def _write(snapshot: Snapshot, statement: ProcessState, latency: int | None) -> None:
    row = Process(
        **_key(),
        role=_role,
        revision=statement.revision,
        since=_ago(_since(snapshot.in_force_at)),
        started_at=_ago(_since(_started_at)),
        seen_at=Now(),
        pins=_pins,
        latency_ms=latency,
        pending=list(statement.pending),
        error=statement.error,
    )
    key = ["machine", "instance", "pid"]
    with bounded_transaction():
        upsert([row], unique=key, updated=RECEIPT if _is_new(snapshot) else SIGN_OF_LIFE)
    with bounded_transaction():  # of its own: two processes that take each other for dead would deadlock
        Process.objects.exclude(_is_alive()).delete()


def _key() -> dict[str, Any]:
    """Return what tells this process from all others: containers may share a host name and number alike."""
    return {"machine": socket.gethostname(), "instance": _instance, "pid": os.getpid()}


def _ago(seconds: float) -> CombinedExpression:
    return Now() - dt.timedelta(seconds=seconds)


def _is_alive() -> Q:
    """Return what is true of a process that gave a sign of life lately, however the clock was set since."""
    return Q(seen_at__gte=Now() - MISSING_AFTER, seen_at__lte=Now() + MISSING_AFTER)


def sign_off(*pids: int) -> None:
    """Remove the row of this process, as it stops, and of those of its children that left theirs."""
    with database_errors():
        family = Process.objects.filter(machine=socket.gethostname(), instance=_instance)
        family.filter(pid__in=[os.getpid(), *pids]).delete()


def running() -> list[Process]:
    """Return the processes that gave a sign of life lately."""
    with database_errors():
        return list(Process.objects.filter(_is_alive()))


def forget() -> None:
    """Start anew, as a fresh process or a forked child does: role and receipt are another's."""
    global _role, _signed, _started_at, _failure
    _role, _signed, _started_at, _failure = UNDESCRIBED, None, time.monotonic(), ""


os.register_at_fork(after_in_child=forget)


def pinned(processes: Iterable[Process]) -> Iterator[tuple[str, str]]:
    """Yield the key of each setting that a command line pinned, with what that means, once for each value."""
    machines: dict[tuple[str, str], dict[str, None]] = {}
    for process in processes:
        for key, value in process.pins.items():
            machines.setdefault((key, str(value)), {})[process.machine] = None
    for (key, value), names in machines.items():
        where = f"the command line on {', '.join(names)}"
        yield key, f"pinned to {value} by {where}: the stored value is not used there"


@dataclasses.dataclass(frozen=True, slots=True)
class Summary:
    """How far a revision has come; as text, the sentence that is printed wherever that is told.

    With ``keys``, a process has it in force once it has acted on these settings too.
    """

    revision: int
    processes: tuple[Process, ...]
    keys: frozenset[str] = frozenset()

    @property
    def current(self) -> list[Process]:
        """Return the processes that have the revision, or a later one, in force."""
        return [process for process in self.processes if self._is_current(process)]

    @property
    def behind(self) -> list[Process]:
        """Return the processes that do not have it yet."""
        return [process for process in self.processes if not self._is_current(process)]

    @property
    def is_under_way(self) -> bool:
        """Tell whether a process has yet to take the revision up, or to act on what it read."""
        return bool(self.behind) or any(process.pending for process in self.processes)

    def _is_current(self, process: Process) -> bool:
        return process.revision >= self.revision and self.keys.isdisjoint(process.pending)

    @property
    def slowest_ms(self) -> int | None:
        """Return the longest time that it took, among the processes that were running at the time."""
        return max((p.latency_ms for p in self.current if p.latency_ms is not None), default=None)

    def as_json(self) -> dict[str, Any]:
        """Return what a writing verb adds to its JSON once it has waited."""
        receipts = [as_json(process) for process in self.processes]
        return {"everywhere": not self.behind, "slowest_ms": self.slowest_ms, "processes": receipts}

    def __str__(self) -> str:
        """Return ``6 of 6 processes at revision 42, slowest 80 ms``."""
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
    """Return where a process is, in both senses, and what it has against going on."""
    reason = f" ({process.error})" if process.error else ""
    undone = f" and has yet to act on {', '.join(process.pending)}" if process.pending else ""
    return f"{process} is at revision {process.revision}{undone}{reason}"


def as_json(process: Process) -> dict[str, Any]:
    """Return a receipt for programs."""
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
    """Return how many of the running processes have ``revision``, by default the last, in force.

    With ``keys``, those count that have acted on these settings too.
    """
    number = timeline.last_number() if revision is None else revision
    return Summary(number, tuple(running()), frozenset(keys))
