"""The deadlines of revisions that must be confirmed.

A deadline is a time of the database's clock, which all machines share. A person can set this clock while a
revision waits. So each process compares a deadline with this clock only once, when the process first reads
the deadline. After that, the process measures the time left with its monotonic clock.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from config_app.models import Confirmation, Revision
from config_app.store.failures import database_errors
from config_app.store.process import process


def await_confirmation(revision: Revision, seconds: float) -> None:
    """Record that a person must confirm a revision within ``seconds``.

    Call this function only within ``store.writing``.
    """
    deadline = Now() + dt.timedelta(seconds=seconds)
    # An earlier unconfirmed revision of the same settings can be undone only after this revision. So it gets
    # this deadline if its own is sooner.
    shared = Confirmation.objects.filter(revision__changes__key__in=revision.changes.values("key"))
    shared.filter(outcome="", deadline__lt=deadline).update(deadline=deadline)
    Confirmation.objects.create(revision_id=revision.number, deadline=deadline)


class _Met:
    """The deadlines that this process has read, as times of its monotonic clock, in seconds."""

    def __init__(self) -> None:
        self.at: dict[tuple[int, dt.datetime], float] = {}

    def reset(self) -> None:
        self.at.clear()

    def keep_only(self, deadlines: Collection[tuple[int, dt.datetime]]) -> None:
        """Forget every deadline that is not in ``deadlines``, the deadlines of all waiting revisions."""
        for gone in self.at.keys() - set(deadlines):
            self.at.pop(gone, None)


_met = process.keep(_Met())


def unconfirmed() -> list[tuple[int, float]]:
    """Return the number of each unconfirmed revision, with the seconds until its deadline.

    The seconds are negative if the deadline has passed.
    """
    left, granted = _span(F("deadline") - Now()), _span(F("deadline") - F("revision__created_at"))
    with database_errors():
        waiting = Confirmation.objects.filter(outcome="").order_by("pk").annotate(left=left, granted=granted)
        rows = list(waiting.values_list("pk", "deadline", "left", "granted"))
    _met.keep_only([(number, deadline) for number, deadline, *_ in rows])
    # If the database's clock was set back, `left` is too long. A revision never gets more than `granted`.
    return [(number, _left(number, until, min(spans))) for number, until, *spans in rows]


def _span(difference: CombinedExpression) -> ExpressionWrapper[CombinedExpression]:
    return ExpressionWrapper(difference, output_field=DurationField())


def _left(number: int, deadline: dt.datetime, left: dt.timedelta) -> float:
    """Return the seconds until a deadline.

    ``left`` is the time until the deadline, measured by the database's clock. The first call for a deadline
    adds ``left`` to the time of the monotonic clock. Later calls use this sum and ignore ``left``.
    """
    now = time.monotonic()
    return _met.at.setdefault((number, deadline), now + left.total_seconds()) - now


def record_outcome(number: int, outcome: str, *, actor: str = "", reason: str = "") -> bool:
    """Record the outcome of an unconfirmed revision; return ``False`` if it already has an outcome.

    Call this function only within ``store.writing``.
    """
    waiting = Confirmation.objects.filter(pk=number, outcome="")
    return bool(waiting.update(outcome=outcome, actor=actor, reason=reason))
