"""Receipts: each process records in its own row which revision it runs.

All times come from the database's clock. If a machine with a wrong clock used its own time, its running
processes would look as if they had ended.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db.models import Q
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from config_app.errors import ConfigError
from config_app.live import effects, hooks, runtime
from config_app.live.snapshot import Snapshot
from config_app.models import Process
from config_app.project import get_schema
from config_app.store import timeline
from config_app.store.failures import database_errors
from config_app.store.forking import after_fork, open_in_children
from config_app.store.insertion import upsert
from config_app.store.locks import bounded_transaction
from config_app.store.process import process as process_state

logger = logging.getLogger("config_app")

HEARTBEAT = 20.0
"""Seconds between two heartbeats. A heartbeat writes the receipt again, even if nothing has changed."""
MISSING_AFTER = dt.timedelta(seconds=3 * HEARTBEAT)
CLOCK_WAS_SET = 5.0
"""The largest difference, in seconds, between the times that pass on the wall and the monotonic clock.

If the difference is larger, a person or a program has set the wall clock."""
WARN_AGAIN = 10.0
"""Seconds between two warnings that a process cannot write its receipt."""
LONGEST_MS = 2**31 - 1
"""The longest latency, in milliseconds, that the column can store."""
IN_SECONDS = 10_000
"""Latencies of at least this many milliseconds are shown in seconds."""
HEARTBEAT_COLUMNS = ["role", "seen_at", "pins", "pending", "error"]
RECEIPT_COLUMNS = [*HEARTBEAT_COLUMNS, "revision", "since", "latency_ms", "started_at"]


@dataclasses.dataclass(frozen=True, slots=True)
class ProcessState:
    """A part of a receipt. If this part changes, the process writes the receipt before the next heartbeat."""

    role: str
    revision: int
    pending: tuple[str, ...]
    error: str


@dataclasses.dataclass(frozen=True, slots=True)
class Signed:
    """The last receipt that this process wrote.

    ``monotonic`` is the time of the write on the monotonic clock, and ``time_of_day`` on the wall clock.
    """

    statement: ProcessState
    latency_ms: int | None
    monotonic: float
    time_of_day: float

    def is_due(self, statement: ProcessState) -> bool:
        """Return whether this process must write its receipt again.

        There are three reasons: ``statement`` has changed, a heartbeat is due, or the wall clock was set to
        another time.
        """
        passed, shown = time.monotonic() - self.monotonic, time.time() - self.time_of_day
        return statement != self.statement or passed >= HEARTBEAT or abs(shown - passed) > CLOCK_WAS_SET


UNDESCRIBED = "process"


def _place() -> str:
    """Return an id of this boot of the machine and of the pid namespace; empty if the id is not known."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()
        return hashlib.sha256(f"{boot}{Path('/proc/self/ns/pid').readlink()}".encode()).hexdigest()[:8]
    except OSError:
        return ""


_PLACE = _place()
_instance = secrets.token_hex(4) + _PLACE  # shared by the master and its forked children, whose pids differ
_writing = open_in_children(threading.Lock())


class _Own:
    """What this process reports about itself, and the last receipt that it wrote."""

    def __init__(self) -> None:
        self.pins: dict[str, str] = {}
        self.forget()

    def forget(self) -> None:
        """Forget everything except the pinned values. A forked child inherits the pinned values."""
        self.role, self.failure = UNDESCRIBED, ""
        self.started_at = time.monotonic()
        self.signed: Signed | None = None
        self.warned_at = -WARN_AGAIN

    def reset(self) -> None:
        self.pins = {}
        self.forget()


_own = process_state.keep(_Own())


def describe(role: str, pins: Mapping[str, str] | None = None) -> None:
    """Set this process's role. ``pins``, if given, maps keys to the values that the command line pinned."""
    _own.role = role
    if pins is not None:
        _own.pins = dict(pins)


def role() -> str:
    """Return this process's role, such as ``master`` or ``worker``."""
    return _own.role


def pins() -> Mapping[str, str]:
    """Return a dict that maps each pinned key to its value from the command line of this process."""
    return dict(_own.pins)


def note_failure(text: str) -> None:
    """Note why this process cannot load the configuration; an empty text removes the note."""
    _own.failure = text


def declaration() -> str:
    """Return a hash of the keys of all settings. Processes of another version often have another hash."""
    return hashlib.sha256(" ".join(sorted(get_schema().settings)).encode()).hexdigest()[:8]


def is_due() -> bool:
    """Return whether this process must write its receipt. See ``Signed.is_due`` for the reasons."""
    return _own.signed is None or _own.signed.is_due(_statement(runtime.get_snapshot()))


def warn_of_unwritten(error: ConfigError) -> None:
    """Log why this process cannot write its receipt, unless the same warning was logged a moment ago."""
    if time.monotonic() - _own.warned_at >= WARN_AGAIN:
        _own.warned_at = time.monotonic()
        logger.warning(
            "the database cannot be written, so this process cannot report its revision: %s", error
        )


def is_signed() -> bool:
    """Return whether this process has written a receipt."""
    return _own.signed is not None


def sign() -> None:
    """Write this process's receipt, with the revision that it runs.

    Raise ``DatabaseUnavailable`` if the database cannot be written.
    """
    with _writing, database_errors():
        snapshot = runtime.get_snapshot()
        statement, latency = _statement(snapshot), _latency_ms(snapshot)
        _write(snapshot, statement, latency)
        _own.signed = Signed(statement, latency, time.monotonic(), time.time())


def _statement(snapshot: Snapshot) -> ProcessState:
    pending = [key for key in effects.pending(snapshot.config) if key not in _own.pins]
    return ProcessState(_own.role, snapshot.revision, tuple(pending), "; ".join(_errors(snapshot)))


def _errors(snapshot: Snapshot) -> list[str]:
    """Return the failures of this process and its reasons for refusing values, without the values."""
    refused = [str(p) for p in snapshot.problems if p.severity == "error" or p.code == "secret_unreadable"]
    return [*filter(None, [_own.failure, effects.obstacle()]), *refused, *hooks.failures()]


def _is_new(snapshot: Snapshot) -> bool:
    return _own.signed is None or _own.signed.statement.revision != snapshot.revision


def _latency_ms(snapshot: Snapshot) -> int | None:
    """Return the milliseconds from the commit of the revision until this process used the revision.

    ``None`` means unknown, for example for the revision with which the process started.
    """
    if _own.signed is None or not _is_new(snapshot):
        return _own.signed.latency_ms if _own.signed else None
    age = timeline.age(snapshot.revision)
    if age is None or snapshot.revision < _own.signed.statement.revision:  # the database was restored
        return None
    return min(max(0, round((age - _since(snapshot.in_force_at)) * 1000)), LONGEST_MS)


def _since(moment: float) -> float:
    return time.monotonic() - moment


def _write(snapshot: Snapshot, statement: ProcessState, latency: int | None) -> None:
    row = Process(
        **_key(),
        role=_own.role,
        revision=statement.revision,
        since=_ago(_since(snapshot.in_force_at)),
        started_at=_ago(_since(_own.started_at)),
        seen_at=Now(),
        pins=_own.pins,
        latency_ms=latency,
        pending=list(statement.pending),
        error=statement.error,
        declaration=declaration(),
    )
    key = ["machine", "instance", "pid"]
    with bounded_transaction():
        upsert([row], unique=key, updated=RECEIPT_COLUMNS if _is_new(snapshot) else HEARTBEAT_COLUMNS)
    with bounded_transaction():  # separate: two processes that delete each other's receipts could deadlock
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
    """Remove the receipts of this process and of its children ``pids``, because this process is stopping."""
    with database_errors():
        family = Process.objects.filter(machine=socket.gethostname(), instance=_instance)
        family.filter(pid__in=[os.getpid(), *pids]).delete()


def running() -> list[Process]:
    """Return the processes with a recent heartbeat. Leave out processes that have certainly ended."""
    with database_errors():
        return [process for process in Process.objects.filter(_is_alive()) if not _has_ended(process)]


def _has_ended(process: Process) -> bool:
    """Return whether a process has certainly ended, because it ran on this machine and no longer exists."""
    is_here = process.machine == socket.gethostname() and _PLACE and process.instance.endswith(_PLACE)
    return bool(is_here) and not Path(f"/proc/{process.pid}").exists()


after_fork(_own.forget)
