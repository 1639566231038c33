"""What every load and every write asks, composed once, which takes longer than a database to answer."""

from __future__ import annotations

import functools
from typing import Any

from django.db.models import Max, OuterRef, QuerySet, Subquery

from config_app.models import Change, ConfigState, Confirmation, Revision, SystemConfig

STATE_ID = 1
_STATE = ConfigState._meta.db_table
VERSION = f"SELECT version FROM {_STATE} WHERE id = {STATE_ID}"  # noqa: S608 - our own table
"""What moves with every change; asked more often than anything else."""
LOCK = f"UPDATE {_STATE} SET version = version WHERE id = {STATE_ID}"  # noqa: S608 - our own table
"""What lets one write at a time: a row lock on a server, the reserved lock on SQLite."""
BUMP = f"UPDATE {_STATE} SET version = version + 1 WHERE id = {STATE_ID}"  # noqa: S608 - our own table
"""What counts a write, where no trigger does."""
CHANGE_FIELDS = [field.attname for field in Change._meta.concrete_fields]


@functools.cache
def everything(alias: str) -> tuple[str, tuple[Any, ...]]:
    """Return the one that reads everything."""
    last = Revision.objects.order_by("-number")
    state: QuerySet[ConfigState] = ConfigState.objects.filter(pk=STATE_ID)
    everything = SystemConfig.objects.order_by().values_list(
        "config_key",
        "config_value",
        "is_secret",
        Subquery(state.values("version")[:1]),
        Subquery(last.values("number")[:1]),
        Subquery(last.values("version")[:1]),
        Subquery(refused().values("pk")[:1]),
        Subquery(unconfirmed().values("pk")[:1]),
    )
    sql, parameters = everything.query.get_compiler(alias).as_sql()
    return sql, tuple(parameters)


@functools.cache
def everything_packed(alias: str) -> tuple[str, tuple[Any, ...]]:
    """Return the one that reads everything on SQLite, the rows as one JSON text in front of what all share.

    For every row that SQLite finds, Python lets other threads run and waits until they let it run again:
    in a process that computes something else, a quarter of a second for 300 rows. A blob is read as text.
    """
    sql, parameters = everything(alias)
    shared = ("version", "revision", "recorded_version", "refused", "unconfirmed")
    columns = ", ".join(("key", "value", "is_secret", *shared))
    rows = "json_group_array(json_array(CAST(key AS TEXT), CAST(value AS TEXT), is_secret <> 0))"
    found = ", ".join((rows, *(f"max({name})" for name in shared)))
    packed = f"WITH everything({columns}) AS ({sql}) SELECT {found} FROM everything"  # noqa: S608 - our own names
    return packed, parameters


@functools.cache
def unsettled(alias: str) -> tuple[str, tuple[Any, ...]]:
    """Return the one that reads the refused changes that no later change of the same key has settled."""
    newer = Change.objects.filter(key=OuterRef("key"), pk__gt=OuterRef("pk")).order_by()
    # One of each key, found in the index of refused changes, however many were refused in the past.
    last = refused().values("key").annotate(last=Max("pk")).values("last")
    changes = Change.objects.filter(pk__in=last).annotate(newer=Subquery(newer.values("pk")[:1]))
    wanted = changes.filter(newer=None).order_by("key").values_list(*CHANGE_FIELDS)
    sql, parameters = wanted.query.get_compiler(alias).as_sql()
    return sql, tuple(parameters)


def refused() -> QuerySet[Change]:
    """Return every refused change, in no order."""
    return Change.objects.order_by().filter(refused=True)


def unconfirmed() -> QuerySet[Confirmation]:
    """Return what waits to be confirmed."""
    return Confirmation.objects.filter(outcome="")
