"""Find out whether this version of the code can work with the tables of a newer version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Model


def misfits() -> list[str]:
    """Return a text for each table or column with which this version of the code cannot work.

    This version needs all its tables and columns. When it writes a row, it leaves out the columns that it
    does not know. So these columns must have a default or allow NULL.
    """
    present = set(connection.introspection.table_names())
    models = (m for m in apps.get_models(include_auto_created=True) if m._meta.managed and not m._meta.proxy)
    return [misfit for model in models for misfit in _misfits(model, present)]


def _misfits(model: type[Model], present: set[str]) -> Iterator[str]:
    table = model._meta.db_table
    if table not in present:
        yield f"{table} is missing"
        return
    with connection.cursor() as cursor:
        columns = {c.name: c for c in connection.introspection.get_table_description(cursor, table)}
    fields = {str(field.column): field for field in model._meta.local_concrete_fields}
    yield from (f"{table}.{name} is missing" for name in fields.keys() - columns.keys())
    for name, column in columns.items():
        if (field := fields.get(name)) is None:
            if _must_have_a_value(column):
                yield f"{table}.{name} has no default"
        elif field.null and not column.null_ok:
            yield f"{table}.{name} must not be empty"


def _must_have_a_value(column: Any) -> bool:
    return not column.null_ok and column.default is None
