"""Until when revisions wait to be confirmed; written only with ``store``.

A deadline is kept by the clock of the database, which all machines share and a crash survives. Clocks get
set (R9), so a process looks at that clock only when it first meets a deadline, and from then on counts by
one of its own that nobody sets.
"""

from __future__ import annotations

import datetime as dt
import time

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from config_app.models import Confirmation, Revision
from config_app.store.failures import database_errors


def await_confirmation(revision: Revision, seconds: float) -> None:
    """Let a revision wait to be confirmed; only within ``store.writing``.

    What waits for the same settings waits as long: it can be undone only after this one.
    """
    deadline = Now() + dt.timedelta(seconds=seconds)
    shared = Confirmation.objects.filter(revision__changes__key__in=revision.changes.values("key"))
    shared.filter(outcome="", deadline__lt=deadline).update(deadline=deadline)
    Confirmation.objects.create(revision=revision, deadline=deadline)


_met: dict[tuple[int, dt.datetime], float] = {}
"""When, in monotonic seconds, the deadlines pass that this process has met; a handful in its life."""


def unconfirmed() -> list[tuple[int, float]]:
    """Return the revisions that wait to be confirmed, each with the seconds it has left."""
    left, granted = _span(F("deadline") - Now()), _span(F("deadline") - F("revision__created_at"))
    with database_errors():
        waiting = Confirmation.objects.filter(outcome="").order_by("pk").annotate(left=left, granted=granted)
        rows = list(waiting.values_list("pk", "deadline", "left", "granted"))
    return [(number, _left(number, until, min(spans))) for number, until, *spans in rows]


def _span(difference: CombinedExpression) -> ExpressionWrapper[CombinedExpression]:
    return ExpressionWrapper(difference, output_field=DurationField())


def _left(number: int, deadline: dt.datetime, left: dt.timedelta) -> float:
    """Return the seconds until a deadline, of which ``left`` remain if this process meets it now.

    After a clock was set back, that is no more than the revision was given at first.
    """
    now = time.monotonic()
    return _met.setdefault((number, deadline), now + left.total_seconds()) - now


def forget() -> None:
    """Meet every deadline anew, as a fresh process would."""
    _met.clear()


def settle(number: int, outcome: str, *, actor: str = "", reason: str = "") -> bool:
    """Note how the wait of a revision ended, unless it ended before; only within ``store.writing``."""
    waiting = Confirmation.objects.filter(pk=number, outcome="")
    return bool(waiting.update(outcome=outcome, actor=actor, reason=reason))
