"""Receipts: each process records in its own row which revision it runs.

All times are those of the database. With wrong clocks, machines would take each other's processes for dead.
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
"""Seconds between two heartbeats, that is, writes of an unchanged receipt."""
MISSING_AFTER = dt.timedelta(seconds=3 * HEARTBEAT)
CLOCK_WAS_SET = 5.0
"""If the wall clock and the monotonic clock differ by more seconds than this, the wall clock was set."""
LONGEST_MS, IN_SECONDS = 2**31 - 1, 10_000
"""In milliseconds: the longest latency that fits the column, and the shortest that is shown in seconds."""
HEARTBEAT_COLUMNS = ["role", "seen_at", "pins", "pending", "error"]
RECEIPT_COLUMNS = [*HEARTBEAT_COLUMNS, "revision", "since", "latency_ms", "started_at"]


@dataclasses.dataclass(frozen=True, slots=True)
class ProcessState:
    """The part of a receipt that is written as soon as it changes."""

    role: str
    revision: int
    pending: tuple[str, ...]
    error: str


@dataclasses.dataclass(frozen=True, slots=True)
class Signed:
    """The last receipt of this process, with its time by the monotonic clock and by the wall clock."""

    statement: ProcessState
    latency_ms: int | None
    monotonic: float
    time_of_day: float

    def is_due(self, statement: ProcessState) -> bool:
        """Return whether to write again: after a change, ``HEARTBEAT`` seconds, or setting of the clock."""
        passed, shown = time.monotonic() - self.monotonic, time.time() - self.time_of_day
        return statement != self.statement or passed >= HEARTBEAT or abs(shown - passed) > CLOCK_WAS_SET


UNDESCRIBED = "process"

_instance = secrets.token_hex(4)  # shared by the master and its forked children, whose pids differ
_role = UNDESCRIBED
_pins: dict[str, str] = {}
_started_at = time.monotonic()
_signed: Signed | None = None
_failure = ""
_writing = open_in_children(threading.Lock())


def describe(role: str, pins: Mapping[str, str] | None = None) -> None:
    """Set this process's role and, if given, the values that its command line pinned, by key."""
    global _role  # noqa: PLW0603 - one description a process; forks inherit the pins
    _role = role
    if pins is not None:
        _pins.clear()
        _pins.update(pins)


def pins() -> Mapping[str, str]:
    """Return the values that this process's command line pinned, by key of the setting."""
    return dict(_pins)


def note_failure(text: str) -> None:
    """Note why this process cannot load the configuration; an empty text means that it can."""
    global _failure  # noqa: PLW0603
    _failure = text


def is_due() -> bool:
    """Return whether this process has to write its receipt: it has changed, or a heartbeat is due."""
    return _signed is None or _signed.is_due(_statement(runtime.get_snapshot()))


def sign() -> None:
    """Write this process's receipt, with the revision that it runs; raise ``DatabaseUnavailable``."""
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
    """Return the failures of this process and its reasons for refusing values, without the values."""
    refused = [str(p) for p in snapshot.problems if p.severity == "error" or p.code == "secret_unreadable"]
    return [*filter(None, [_failure, effects.obstacle()]), *refused, *hooks.failures()]


def _is_new(snapshot: Snapshot) -> bool:
    return _signed is None or _signed.statement.revision != snapshot.revision


def _latency_ms(snapshot: Snapshot) -> int | None:
    """Return the milliseconds from the commit of the revision until this process ran it.

    ``None`` means unknown, for example for the revision with which the process started.
    """
    if _signed is None or not _is_new(snapshot):
        return _signed.latency_ms if _signed else None
    age = timeline.age(snapshot.revision)
    if age is None or snapshot.revision < _signed.statement.revision:  # the database was restored
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
        upsert([row], unique=key, updated=RECEIPT_COLUMNS if _is_new(snapshot) else HEARTBEAT_COLUMNS)
    with bounded_transaction():  # separate, because two processes that delete each other would deadlock
        Process.objects.exclude(_is_alive()).delete()


def _key() -> dict[str, Any]:
    """Return the columns that identify this process."""
    # Two containers may share a host name and a pid, but not an instance.
    return {"machine": socket.gethostname(), "instance": _instance, "pid": os.getpid()}


def _ago(seconds: float) -> CombinedExpression:
    return Now() - dt.timedelta(seconds=seconds)


def _is_alive() -> Q:
    """Return a filter for processes with a recent heartbeat."""
    # After the clock was set back, old heartbeats lie in the future. They must not count for ever.
    return Q(seen_at__gte=Now() - MISSING_AFTER, seen_at__lte=Now() + MISSING_AFTER)


def sign_off(*pids: int) -> None:
    """Remove the receipts of this process, which is stopping, and of its children with these pids."""
    with database_errors():
        family = Process.objects.filter(machine=socket.gethostname(), instance=_instance)
        family.filter(pid__in=[os.getpid(), *pids]).delete()


def running() -> list[Process]:
    """Return the processes with a recent heartbeat."""
    with database_errors():
        return list(Process.objects.filter(_is_alive()))


def forget() -> None:
    """Forget the role and the last receipt, as a new process or a forked child must."""
    global _role, _signed, _started_at, _failure
    _role, _signed, _started_at, _failure = UNDESCRIBED, None, time.monotonic(), ""


os.register_at_fork(after_in_child=forget)


def pinned(processes: Iterable[Process]) -> Iterator[tuple[str, str]]:
    """Yield a key and an explanation for each value that the command line of a process pinned."""
    machines: dict[tuple[str, str], dict[str, None]] = {}
    for process in processes:
        for key, value in process.pins.items():
            machines.setdefault((key, str(value)), {})[process.machine] = None
    for (key, value), names in machines.items():
        where = f"the command line on {', '.join(names)}"
        yield key, f"pinned to {value} by {where}: the stored value is not used there"


@dataclasses.dataclass(frozen=True, slots=True)
class Summary:
    """How many of the running processes run a revision; ``str()`` returns this as one sentence.

    With ``keys``, a process counts only when it has also acted on these settings.
    """

    revision: int
    processes: tuple[Process, ...]
    keys: frozenset[str] = frozenset()

    @property
    def current(self) -> list[Process]:
        """Return the processes that run the revision or a later one."""
        return [process for process in self.processes if self._is_current(process)]

    @property
    def behind(self) -> list[Process]:
        """Return the processes that do not run the revision yet."""
        return [process for process in self.processes if not self._is_current(process)]

    @property
    def is_under_way(self) -> bool:
        """Return whether a process has yet to load the revision or to act on any setting."""
        return bool(self.behind) or any(process.pending for process in self.processes)

    def _is_current(self, process: Process) -> bool:
        return process.revision >= self.revision and self.keys.isdisjoint(process.pending)

    @property
    def slowest_ms(self) -> int | None:
        """Return the longest known latency, in milliseconds, of the current processes."""
        return max((p.latency_ms for p in self.current if p.latency_ms is not None), default=None)

    def as_json(self) -> dict[str, Any]:
        """Return the JSON data that a writing command with ``--wait`` adds to its output."""
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
    """Return a sentence with a process's revision, the settings it has yet to act on, and its error."""
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
    """Return how many of the running processes run ``revision``, by default the last one.

    With ``keys``, a process counts only when it has also acted on these settings.
    """
    number = timeline.last_number() if revision is None else revision
    return Summary(number, tuple(running()), frozenset(keys))
