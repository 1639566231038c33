"""Each column that code may leave out has a default in the database.

During an upgrade, the earlier version still writes rows, and knows no column of the newer version (R16).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, migrations, models, transaction
from django.db.migrations.loader import MigrationLoader

APPS = ("config_app", "setup_wizard", "hub")
BEFORE_THIS_RULE = {"config_app": "0008", "setup_wizard": "0002", "hub": "0004"}
"""The last migrations that were allowed to add columns without defaults. Later ones gave them defaults."""


def our_models() -> list[type[models.Model]]:
    return [model for app in APPS for model in apps.get_app_config(app).get_models()]


def may_be_left_out(field: Any) -> bool:
    """Return whether Python code can make a row without naming the field."""
    is_filled = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    is_text = isinstance(field, models.CharField | models.TextField) and field.blank
    return bool(field.has_default() or is_filled or is_text)


def needs_a_value(field: Any) -> bool:
    """Return whether the database refuses a row that does not name the field."""
    is_automatic = isinstance(field, models.AutoField | models.BigAutoField)
    return not (field.null or field.has_db_default() or is_automatic or field.many_to_many)


def test_every_field_that_code_may_leave_out_has_a_default_in_the_database() -> None:
    fields = [field for model in our_models() for field in model._meta.local_concrete_fields]
    assert [str(field) for field in fields if may_be_left_out(field) and needs_a_value(field)] == []


def added_fields() -> Iterator[tuple[str, Any]]:
    """Yield each field that a migration adds to an existing table, with a text that names it."""
    for (app, name), migration in MigrationLoader(None, ignore_no_migrations=True).disk_migrations.items():
        if app in APPS and name[:4] > BEFORE_THIS_RULE[app]:
            for operation in migration.operations:
                if isinstance(operation, migrations.AddField):
                    yield f"{app}.{name}: {operation.model_name}.{operation.name}", operation.field


def test_every_added_column_has_a_default_or_may_be_empty() -> None:
    found = dict(added_fields())
    assert "config_app.0009_process_declaration: process.declaration" in found
    assert [name for name, field in found.items() if needs_a_value(field)] == []


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        (models.IntegerField(default=1), True),
        (models.TextField(blank=True), True),
        (models.DateTimeField(auto_now=True), True),
        (models.IntegerField(default=1, db_default=1), False),
        (models.IntegerField(null=True, default=1), False),
        (models.IntegerField(), False),
    ],
)
def test_a_field_without_default_is_recognised(field: Any, wrong: bool) -> None:
    assert (may_be_left_out(field) and needs_a_value(field)) is wrong


@pytest.mark.django_db
@pytest.mark.parametrize("model", our_models(), ids=lambda model: model._meta.label_lower)
def test_the_database_accepts_a_row_with_only_the_other_columns(model: type[models.Model]) -> None:
    given = [f for f in model._meta.local_concrete_fields if f.primary_key or not may_be_left_out(f)]
    given = [field for field in given if field.primary_key or needs_a_value(field)]
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in given)
    marks = ", ".join(["%s"] * len(given))
    table = connection.ops.quote_name(model._meta.db_table)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", [*map(value_of, given)])  # noqa: S608 - our own names
        assert cursor.rowcount == 1
        transaction.set_rollback(True)


def value_of(field: Any) -> Any:
    """Return a value of a field's type."""
    field = getattr(field, "target_field", field)
    if isinstance(field, models.DateTimeField):
        return "2026-01-01 00:00:00+00"
    if isinstance(field, models.IntegerField):
        return 999_999
    return "x"
