"""The SQL statements that read and write the configuration. Each statement is built once per process."""

from __future__ import annotations

import functools
from typing import Any

from django.db.models import Max, OuterRef, QuerySet, Subquery

from config_app.models import Change, ConfigState, Confirmation, Revision, SystemConfig

# Building one of these statements with Django takes longer than the database needs to run it.

STATE_ID = 1
_STATE = ConfigState._meta.db_table
VERSION = f"SELECT version FROM {_STATE} WHERE id = {STATE_ID}"  # noqa: S608 - our own table
"""Reads the version, which increases with every change."""
LOCK = f"UPDATE {_STATE} SET version = version WHERE id = {STATE_ID}"  # noqa: S608 - our own table
"""Makes other writers wait. PostgreSQL and MySQL lock the row; SQLite takes its reserved lock."""
BUMP = f"UPDATE {_STATE} SET version = version + 1 WHERE id = {STATE_ID}"  # noqa: S608 - our own table
"""Increases the version."""
CHANGE_FIELDS = [field.attname for field in Change._meta.concrete_fields]


@functools.cache
def everything(alias: str) -> tuple[str, tuple[Any, ...]]:
    """Return SQL and parameters of the statement that reads all rows and the state of the tables.

    The first three columns are the key, the value and whether the value is secret. The other five columns are
    the same in every row: the version of the tables, the number of the newest revision, the version of this
    revision, the id of a refused change, and the id of an unconfirmed revision. The ids are NULL if there
    is no such change or revision.
    """
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
    """Return SQL and parameters of a statement for SQLite. Its result is a single row.

    The row has the same data as the result of ``everything``. The first column is a JSON list that contains
    ``[key, value, is_secret]`` for each setting. The last five columns are the same as in ``everything``.
    A value that is a blob is read as text.
    """
    # After each row of a result, Python's sqlite3 lets other threads run. In a busy process, reading 300 rows
    # one by one took a quarter of a second.
    sql, parameters = everything(alias)
    shared = ("version", "revision", "recorded_version", "refused", "unconfirmed")
    columns = ", ".join(("key", "value", "is_secret", *shared))
    rows = "json_group_array(json_array(CAST(key AS TEXT), CAST(value AS TEXT), is_secret <> 0))"
    found = ", ".join((rows, *(f"max({name})" for name in shared)))
    packed = f"WITH everything({columns}) AS ({sql}) SELECT {found} FROM everything"  # noqa: S608 - our own names
    return packed, parameters


@functools.cache
def newest_refusals(alias: str) -> tuple[str, tuple[Any, ...]]:
    """Return SQL and parameters of the statement that reads the newest refused change of each key.

    If the key has a newer change that was accepted, the statement leaves out the refused change.
    """
    newer = Change.objects.filter(key=OuterRef("key"), pk__gt=OuterRef("pk")).order_by()
    # The index of refused changes quickly finds the newest of them for each key, even after many refusals.
    last = refused().values("key").annotate(last=Max("pk")).values("last")
    changes = Change.objects.filter(pk__in=last).annotate(newer=Subquery(newer.values("pk")[:1]))
    wanted = changes.filter(newer=None).order_by("key").values_list(*CHANGE_FIELDS)
    sql, parameters = wanted.query.get_compiler(alias).as_sql()
    return sql, tuple(parameters)


def refused() -> QuerySet[Change]:
    """Return a query for all refused changes, without an order."""
    return Change.objects.order_by().filter(refused=True)


def unconfirmed() -> QuerySet[Confirmation]:
    """Return a query for the confirmations of the revisions that still wait to be confirmed."""
    return Confirmation.objects.filter(outcome="")
