"""Inserts rows, or updates them if they exist."""

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
"""The maximum number of parameters of one statement, for databases for which Django knows no limit."""


def insert(
    model: type[models.Model],
    names: tuple[str, ...],
    rows: Sequence[Sequence[Any]],
    *,
    updated: tuple[str, ...] = (),
    computed: tuple[tuple[str, str], ...] = (),
) -> None:
    """Insert ``rows``. Each row has the values of the fields ``names``, ready for the database.

    - ``updated``: the fields to update instead if a row with the same primary key exists.
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
    """Return the three parts of the statement. The second part is repeated for each row."""
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
    """Return the clause that updates the fields ``updated`` of a row that exists already.

    Return an empty text if ``updated`` is empty.
    """
    if not updated:
        return ""
    columns, unique = [field.column for field in updated], [model._meta.pk.column]
    return f" {ops.on_conflict_suffix_sql(updated, OnConflict.UPDATE, columns, unique)}"


def upsert(rows: Sequence[models.Model], *, unique: Sequence[str], updated: Sequence[str]) -> None:
    """Insert ``rows``, all of one model. If a row with the same ``unique`` fields exists, update this row.

    ``updated`` has the names of the fields to update. Unlike the values for ``insert``, the values in
    ``rows`` may be expressions.
    """
    # MySQL and MariaDB compare every unique key of the table, so a statement cannot name one of them.
    names_target = connection().features.supports_update_conflicts_with_target
    type(rows[0])._default_manager.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=unique if names_target else None,
        update_fields=updated,
    )
