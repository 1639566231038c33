"""Until when revisions wait to be confirmed, by the clock of the database; written only with ``store``."""

from __future__ import annotations

import datetime as dt

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from config_app.faults import database_errors
from config_app.models import Confirmation, Revision


def await_confirmation(revision: Revision, seconds: float) -> None:
    """Let a revision wait to be confirmed; only within ``store.writing``.

    What waits for the same settings waits as long: it can be undone only after this one.
    """
    deadline = Now() + dt.timedelta(seconds=seconds)
    shared = Confirmation.objects.filter(revision__changes__key__in=revision.changes.values("key"))
    shared.filter(outcome="", deadline__lt=deadline).update(deadline=deadline)
    Confirmation.objects.create(revision=revision, deadline=deadline)


def unconfirmed() -> list[tuple[int, float]]:
    """Return the revisions that wait to be confirmed, each with the seconds it has left."""
    left = ExpressionWrapper(F("deadline") - Now(), output_field=DurationField())
    with database_errors():
        waiting = Confirmation.objects.filter(outcome="").order_by("pk").annotate(left=left)
        return [(pk, span.total_seconds()) for pk, span in waiting.values_list("pk", "left")]


def settle(number: int, outcome: str) -> bool:
    """Note how the wait of a revision ended, unless it ended before; only within ``store.writing``."""
    return bool(Confirmation.objects.filter(pk=number, outcome="").update(outcome=outcome))
