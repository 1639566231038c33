"""Removes old revisions, removes rows that belong to no setting, and moves rows to current keys."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping

from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet

from config_app import store
from config_app.change.adoption import adopt
from config_app.change.plan import actor_name
from config_app.change.texts import encrypted
from config_app.declaration.reserved import SALT_KEY
from config_app.encryption.stored_secrets import decrypted
from config_app.live import runtime
from config_app.live.resolution import refuse_former_secret
from config_app.models import Change, ConfigState, Confirmation, Revision
from config_app.project import get_schema
from config_app.store import CODE, Edit, Origin, Stored
from config_app.store.failures import database_errors
from config_app.store.statements import STATE_ID


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Which revisions to remove: those that are older than ``before`` and not among the ``keep`` newest.

    If one limit is ``None``, only the other limit counts. If both are ``None``, the whole history stays.
    """

    before: dt.datetime | None = None
    keep: int | None = None


NO_LIMITS = Limits()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """What ``prune`` removes, or has removed.

    - ``rows``: the keys of the removed rows. These rows belong to no setting.
    - ``renamed``: the rows that are stored under a former key. Maps each former key to the current key.
    - ``first``: the oldest revision that keeps all its changes. Earlier revisions have lost changes.
    - ``revisions`` and ``changes``: how many revisions and how many changes are removed.
    - ``revision``: the newest revision.
    """

    rows: tuple[str, ...]
    renamed: Mapping[str, str]
    first: int
    revisions: int
    changes: int
    revision: int

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to do."""
        return not (self.rows or self.renamed or self.changes or self.revisions)


def plan_pruning(limits: Limits = NO_LIMITS) -> Pruning:
    """Return what ``prune`` would do, but write nothing. Raise the same errors as ``prune``."""
    with database_errors():
        stored = store.read()
        list(_edits(stored))
        return _outlook(stored, limits)


def prune(
    limits: Limits = NO_LIMITS, *, actor: object = None, channel: str = CODE, reason: str = ""
) -> Pruning:
    """Remove the rows that belong to no setting, and the history that ``limits`` selects. Return a report.

    Also move rows from former keys to current keys. The history keeps the last value of every setting and all
    unconfirmed revisions. If rows are removed or moved, one revision records this. Raise ``ConfigError`` if a
    secret cannot be moved to its current key.
    """
    origin = Origin(actor=actor_name(actor), channel=channel, reason=reason)
    with store.writing() as found:
        stored = adopt(found)
        pruning, edits = _outlook(stored, limits), encrypted(_edits(stored))
        _remove_history(pruning.first)
        if not edits:
            return pruning
        revision = store.record(stored, edits, origin)
        runtime.reload_on_commit()
    return dataclasses.replace(pruning, revision=revision.number)


def _outlook(stored: Stored, limits: Limits) -> Pruning:
    first = _first_to_keep(stored.revision, limits)
    return Pruning(
        rows=tuple(sorted(_unknown(stored))),
        renamed={old: key for key, old in stored.former.items()} | dict(stored.leftover),
        first=first,
        revisions=_without_needed_changes(first).count(),
        changes=_superseded(first).count(),
        revision=stored.revision,
    )


def _unknown(stored: Stored) -> set[str]:
    return {*stored.rows} - {*get_schema().settings, SALT_KEY}


def _edits(stored: Stored) -> Iterator[Edit]:
    """Yield an edit for each row that belongs to no setting or is stored under a former key."""
    for key in sorted(_unknown(stored)):
        row = stored.rows[key]
        yield Edit(key=key, old=row.value, new=None, is_secret=row.is_secret)
    for key in sorted({*stored.former, *stored.leftover.values()}):
        setting, row = get_schema()[key], stored.rows[key]
        refuse_former_secret(setting, is_secret=row.is_secret)
        text = decrypted(setting, row.value) if setting.is_secret else row.value
        yield Edit(key=key, old=row.value, new=text, is_secret=setting.is_secret)


def _first_to_keep(last: int, limits: Limits) -> int:
    """Return the number of the oldest revision that will keep all its changes."""
    first = store.first_complete()
    if limits == NO_LIMITS:
        return first
    waiting = Confirmation.objects.filter(outcome="").aggregate(first=Min("pk"))["first"]
    bounds = [last, waiting or last]
    if limits.before is not None:
        recent = Revision.objects.filter(created_at__gte=limits.before).aggregate(first=Min("number"))
        bounds.append(recent["first"] or last)
    if limits.keep is not None:
        bounds.append(last + 1 - limits.keep)
    return max(first, min(bounds))


def _needed(first: int) -> QuerySet[Change]:
    """Return the changes before revision ``first`` that must stay.

    For each setting, these are the newest change and the newest accepted change. A rollback needs these
    changes. The comparison of the rows with the history needs these changes too.
    """
    schema = get_schema()
    names = [name for key in schema.settings for name in schema.names(key)]
    older = Change.objects.filter(revision__lt=first, key__in=names).order_by()
    newest = older.values("key").annotate(newest=Max("pk")).values("newest")
    accepted = older.filter(refused=False).values("key").annotate(newest=Max("pk")).values("newest")
    needed = Change.objects.order_by().filter(Q(pk__in=newest) | Q(pk__in=accepted))
    return needed.exclude(refused=False, new_value=None)  # without any change, a setting has its default


def _superseded(first: int) -> QuerySet[Change]:
    return Change.objects.filter(revision__lt=first).exclude(pk__in=_needed(first).values("pk"))


def _without_needed_changes(first: int) -> QuerySet[Revision]:
    needed = Change.objects.filter(revision=OuterRef("pk"), pk__in=_needed(first).values("pk"))
    return Revision.objects.filter(~Exists(needed), number__lt=first)


def _remove_history(first: int) -> None:
    if first > store.first_complete():
        _without_needed_changes(first).delete()
        _superseded(first).delete()
        ConfigState.objects.filter(pk=STATE_ID).update(history_floor=first)
