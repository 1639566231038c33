"""A process that a test drives, and what is known of it."""

from __future__ import annotations

import contextlib
import json
import select
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.any_order.model import Committed, Drawn, Transaction, Values
from tests.support.foreign_project import ForeignProject

PROGRAM = """
import django
django.setup()
from tests.support.any_order import agent
agent.serve()
"""
DEADLINE = 60
LONG, SHORT = 10.0, 0.03
"""Seconds that a write waits for a lock: longer than any watcher holds it, or if a test holds it."""


class Died(Exception):
    """The process has ended instead of answering."""


@dataclass(eq=False)
class Observed:
    """A process. Each of its answers is compared with what is committed."""

    project: ForeignProject
    committed: Committed
    trail: list[str]
    """What the processes were asked and answered; a failed test shows it."""
    transaction: Transaction | None = None
    plan: Drawn | None = None
    pins: list[tuple[int, Values]] = field(default_factory=list)
    """The configuration of each pin, with the number of blocks that were open when it was pinned."""
    overrides: list[int] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)
    """The last answer."""
    is_checked: bool = False
    """Whether the last answer was compared; the process may have gone on since it was read."""
    place: int = 0
    """Which committed configuration the process uses: it must never use an earlier one again."""
    heard_until: int = 0
    """Which committed configuration its hooks were last called with."""

    def __post_init__(self) -> None:
        self.process = self.project.start("-c", PROGRAM)
        self.before: dict[str, Any] = {}
        self.ask("read")

    def begin(self) -> None:
        """Expect that this process, which is a new one, uses the newest configuration."""
        self.heard_until = self.place = len(self.committed.history) - 1
        self.expect_newest()
        self.check()

    def ask(self, action: str, *, wait: float = LONG, **arguments: Any) -> dict[str, Any]:
        """Let the process do something; return the answer; raise ``Died`` if it ends."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps([action, arguments, wait]) + "\n")
            self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], DEADLINE)
        assert ready, f"no answer to {action} {arguments}"
        line = self.process.stdout.readline()
        if not line:
            errors = self.process.stderr.read()
            self.kill()
            raise Died(errors)
        answer: dict[str, Any] = json.loads(line)
        assert "failure" not in answer, answer["failure"]
        self.before, self.last, self.is_checked = self.last, answer, False
        self.trail.append(f"{self.process.pid} {action} {arguments}: {line.rstrip()}")
        return answer

    def kill(self) -> None:
        """Kill the process."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def check(self) -> None:
        """Compare the last answer with what is committed and what the open transaction has written, once."""
        if self.is_checked:
            return
        self.is_checked = True
        self.expect_visible(self.last["own"]["values"])  # read before what all threads see
        self._check_shared()
        self._check_heard()
        expected = self.pins[-1][1] if self.pins else self.last["own"]["values"]
        if self.overrides:
            expected = expected | {"page_size": self.overrides[-1]}
        assert self.last["config"] == expected, (self.last["config"], expected)

    def _check_shared(self) -> None:
        """What all threads see is committed and never goes back."""
        shared = self.last["shared"]
        self.place = self.committed.find(shared["values"], self.place)
        if self.before:
            assert shared["revision"] >= self.before["shared"]["revision"], (self.before, shared)
        known = self.committed.revisions.get(shared["revision"])
        if known is not None and not shared["drifted"]:
            assert shared["values"] == known, (shared, known)
        assert shared["problems"] == [], shared

    def _check_heard(self) -> None:
        for values in self.last["heard"]:
            self.heard_until = self.committed.find(values, self.heard_until)

    def expect_visible(self, own: Values) -> None:
        """Expect that a caller can see these values: they are committed or written by its transaction."""
        transaction, newest = self.transaction, self.committed.newest
        if transaction is None:
            self.committed.find(own, self.place)
        elif not (transaction.events and own == transaction.on(newest)):
            assert transaction.may_miss_sql or not transaction.events, (own, transaction.on(newest))
            if not (transaction.may_miss_sql and own == self.before["own"]["values"]):
                self.committed.find(own, min(self.place, transaction.began - 1))

    def expect_newest(self) -> None:
        """The caller and, outside a transaction, the whole process use the newest configuration."""
        transaction, newest = self.transaction, self.committed.newest
        expected = transaction.on(newest) if transaction else newest
        if transaction and transaction.is_old and not transaction.events:
            expected = self.committed.history[transaction.began - 1]
        assert self.last["own"]["values"] == expected, (self.last["own"], expected)
        if transaction is None:
            self.expect_newest_for_all()

    def expect_newest_for_all(self) -> None:
        """All threads use the newest configuration."""
        assert self.last["shared"]["values"] == self.committed.newest, (self.last, self.committed.newest)
        self.place = len(self.committed.history) - 1


@contextlib.contextmanager
def killed_at_the_end(processes: list[Observed]) -> Iterator[None]:
    """Kill the processes after the block."""
    try:
        yield
    finally:
        for process in processes:
            process.kill()
