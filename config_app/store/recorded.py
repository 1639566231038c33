"""Reads the history of the settings. If a setting was renamed, its history includes the former keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db.models import Count, F, Max, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from config_app.database import alias, connection
from config_app.models import Change, ConfigState, Revision
from config_app.project import get_schema
from config_app.store import statements
from config_app.store.statements import STATE_ID
from config_app.store.tables import reading


def latest_texts() -> dict[str, str | None]:
    """Return a dict that maps each key in the history to the text that the key's row should have.

    ``None`` means that there should be no row.
    """
    if not get_schema().former:
        return dict(Change.objects.newest().values_list("key", "new_value"))
    newest = newest_by_key(Change.objects.newest().only("key", "new_value"))
    return {key: change.new_value for key, change in newest.items()}


def newest_by_key(changes: Iterable[Change]) -> dict[str, Change]:
    """Return a dict that maps the current key of each setting to the newest of its changes in ``changes``."""
    schema, found = get_schema(), dict[str, Change]()
    for change in changes:
        key = schema.current_key(change.key)
        if key not in found or found[key].pk < change.pk:
            found[key] = change
    return found


def accepted_texts(key: str, *, with_secrets: bool = True) -> Iterator[str | None]:
    """Yield the new text from each accepted change of a setting: up to 20 texts, the newest first.

    ``None`` means that no row was left after the change. Without ``with_secrets``, leave out secret texts.
    """
    accepted = Change.objects.filter(key__in=get_schema().names(key), refused=False).order_by("-pk")
    if not with_secrets:
        accepted = accepted.filter(is_secret=False)
    with reading():
        texts = list(accepted.values_list("new_value", flat=True)[:20])
    yield from texts


def newest_refusals() -> list[Change]:
    """Return the newest change of each setting, but only if this change was refused.

    The ``key`` of a returned change is the current key of its setting.
    """
    with reading(), connection().cursor() as cursor:
        cursor.execute(*statements.newest_refusals(alias()))
        rows = cursor.fetchall()
        changes = [Change.from_db(alias(), statements.CHANGE_FIELDS, row) for row in rows]
        return _still_newest(changes) if get_schema().former else changes


def _still_newest(changes: list[Change]) -> list[Change]:
    """Return only those of ``changes`` that are the newest change of their setting.

    If a setting was renamed, a newer change can have another key. The function sets ``key`` of each change to
    the current key of the setting.
    """
    newest = newest_by_key(Change.objects.newest())
    schema, found = get_schema(), list[Change]()
    for change in changes:
        change.key = schema.current_key(change.key)
        if newest[change.key].pk == change.pk:
            found.append(change)
    return found


def last_changes() -> dict[str, Change]:
    """Return a dict that maps each current key to the newest change of the setting, with its revision."""
    with reading():
        return newest_by_key(Change.objects.newest().select_related("revision"))


def history(*, key: str | None = None, before: int | None = None, limit: int = 20) -> list[Revision]:
    """Return up to ``limit`` revisions with their changes, the newest first.

    With ``key``, return only revisions that changed this setting. With ``before``, return only revisions with
    lower numbers.
    """
    wanted: QuerySet[Revision] = Revision.objects.order_by("-number").prefetch_related("changes")
    wanted = wanted.select_related("confirmation")
    if key is not None:
        names = get_schema().names(key)
        wanted = wanted.filter(Q(pk__in=Change.objects.filter(key__in=names).values("revision")))
    if before is not None:
        wanted = wanted.filter(number__lt=before)
    with reading():
        return list(wanted[:limit])


def kept_revisions() -> tuple[int, int, int]:
    """Return the first complete revision, the number of revisions from this one on, and the newest revision.

    If there are no such revisions, return ``(1, 0, 0)``.
    """
    # This must be one statement. A revision that is saved between two statements would seem to be missing.
    floor = ConfigState.objects.filter(pk=STATE_ID).values("history_floor")
    kept = Revision.objects.annotate(floor=Coalesce(Subquery(floor[:1]), 1)).filter(number__gte=F("floor"))
    with reading():
        found = kept.aggregate(first=Max("floor"), count=Count("number"), last=Max("number"))
    return found["first"] or 1, found["count"], found["last"] or 0


def first_complete() -> int:
    """Return the number of a revision. The history is complete from this revision on.

    Return 1 if nothing was pruned at all.
    """
    with reading():
        floors = ConfigState.objects.filter(pk=STATE_ID).values_list("history_floor", flat=True)
        return floors.first() or 1
