"""Inserts rows. If a row exists already, updates this row."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.models.constants import OnConflict

from config_app.database import alias, connection

MOST_PARAMETERS = 10_000
"""The maximum number of parameters of one statement. It applies if Django knows no limit of the database."""


def insert(
    model: type[models.Model],
    names: tuple[str, ...],
    rows: Sequence[Sequence[Any]],
    *,
    updated: tuple[str, ...] = (),
    computed: tuple[tuple[str, str], ...] = (),
) -> None:
    """Insert ``rows``. Each row is a sequence of values, already converted for the database.

    - ``names``: the names of the fields to which the values belong.
    - ``updated``: the names of the fields to change if a row with the same primary key exists. If ``updated``
      is empty, such a row is an error.
    - ``computed``: pairs of a field name and an SQL query. The result of the query becomes the field's value.
    """
    start, group, end = _parts(alias(), model, names, updated, computed)
    size = (connection().features.max_query_params or MOST_PARAMETERS) // len(names)
    with connection().cursor() as cursor:
        for first in range(0, len(rows), size):
            batch = rows[first : first + size]
            cursor.execute(start + ", ".join([group] * len(batch)) + end, [*itertools.chain(*batch)])


@functools.cache
def _parts(
    database: str,
    model: type[models.Model],
    names: tuple[str, ...],
    updated: tuple[str, ...],
    computed: tuple[tuple[str, str], ...],
) -> tuple[str, str, str]:
    """Return the start, the placeholders of one row and the end of the ``INSERT`` statement."""
    # Every save needs these statements, and Django takes ten times as long to build one as to run it.
    ops = model._base_manager.all().query.get_compiler(database).connection.ops
    fields = {field.name: field for field in model._meta.fields}
    values = dict.fromkeys(names, "%s") | {name: f"({query})" for name, query in computed}
    columns = ", ".join(ops.quote_name(str(fields[name].column)) for name in values)
    start = f"INSERT INTO {ops.quote_name(model._meta.db_table)} ({columns}) VALUES "  # noqa: S608 - our own names
    return start, f"({', '.join(values.values())})", _conflict(ops, model, [fields[name] for name in updated])


def _conflict(
    ops: BaseDatabaseOperations, model: type[models.Model], updated: Sequence[models.Field[Any, Any]]
) -> str:
    """Return the SQL clause that tells the database what to do if a row exists already.

    The clause updates those fields of the row that ``updated`` contains. If ``updated`` is empty, return an
    empty text.
    """
    if not updated:
        return ""
    columns, unique = [field.column for field in updated], [model._meta.pk.column]
    return f" {ops.on_conflict_suffix_sql(updated, OnConflict.UPDATE, columns, unique)}"


def upsert(rows: Sequence[models.Model], *, unique: Sequence[str], updated: Sequence[str]) -> None:
    """Insert the objects in ``rows``. If a row exists already, update this row.

    All objects belong to one model. A row exists already if it has the same values in the fields that
    ``unique`` names. ``updated`` has the names of the fields to update. Values can be SQL expressions here,
    but not in ``insert``.
    """
    # MySQL and MariaDB compare every unique key of the table, so a statement cannot name one of them.
    names_target = connection().features.supports_update_conflicts_with_target
    type(rows[0])._default_manager.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=unique if names_target else None,
        update_fields=updated,
    )
