"""Reads revisions in the order of their numbers, for the event stream and for ``config watch``."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from config_app import models
from config_app.errors import is_key_shaped
from config_app.models import Change, ConfigState, MomentField, Revision
from config_app.project import get_schema
from config_app.store.failures import database_errors


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A revision as the event stream sends it: the keys of the changed settings, but no values."""

    revision: int
    keys: tuple[str, ...]
    channel: str
    at: str

    def as_json(self) -> dict[str, Any]:
        """Return the event as JSON data."""
        return dataclasses.asdict(self)


def revisions_after(number: int, limit: int) -> list[Revision]:
    """Return up to ``limit`` revisions whose numbers are greater than ``number``, the oldest first.

    Their changes are read from the database too.
    """
    with database_errors():
        following = Revision.objects.filter(number__gt=number).order_by("number")
        return list(following.prefetch_related("changes")[:limit])


def events_between(after: int, until: int, limit: int) -> list[Event]:
    """Return up to ``limit`` events, the oldest first, for the revisions from ``after`` + 1 to ``until``."""
    with database_errors():
        numbers = {"number__gt": after, "number__lte": until}
        revisions = list(Revision.objects.filter(**numbers).order_by("number")[:limit])
        keys: dict[int, dict[str, None]] = {revision.number: {} for revision in revisions}
        changes = Change.objects.filter(revision__in=list(keys)).order_by("pk")
        for of, key in changes.values_list("revision_id", "key"):
            keys[of][get_schema().current_key(key)] = None
    return [_event(revision, keys[revision.number]) for revision in revisions]


def _event(revision: Revision, keys: dict[str, None]) -> Event:
    """Return the event for a revision that changed the settings with these ``keys``."""
    # Text that does not look like a key is left out: a person may have written a value in place of the key.
    return Event(
        revision=revision.number,
        keys=tuple(key for key in keys if is_key_shaped(key)),
        channel=revision.channel,
        at=revision.created_at.isoformat(),
    )


def last_number() -> int:
    """Return the number of the newest revision. Return 0 if there is no revision."""
    with database_errors():
        return Revision.objects.order_by("-number").values_list("number", flat=True).first() or 0


def now() -> dt.datetime:
    """Return the current time of the database's clock, which all processes share."""
    with database_errors():
        moment = ExpressionWrapper(Now(), output_field=MomentField())
        found = ConfigState.objects.annotate(now=moment).values_list("now", flat=True).first()
    return found or models.now()


def age(number: int) -> float | None:
    """Return how many seconds ago the revision with this number was written. Use the database's clock.

    Return ``None`` if there is no such revision.
    """
    passed = ExpressionWrapper(Now() - F("created_at"), output_field=DurationField())
    with database_errors():
        spans = Revision.objects.filter(pk=number).annotate(passed=passed).values_list("passed", flat=True)
        span = spans.first()
    return None if span is None else span.total_seconds()
