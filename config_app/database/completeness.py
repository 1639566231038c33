"""Checks after ``migrate`` that the tables of all recorded migrations exist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps.registry import Apps
from django.core.management.base import CommandError

from config_app.database.place import alias, connection, migrate_command
from config_app.database.routing import APP_LABEL
from config_app.errors import ConfigError


class TablesMissing(ConfigError, CommandError):
    """The migrations of ``config_app`` are recorded as applied, but a table or a column is missing."""

    def __init__(self, missing: list[str], *, none_is_there: bool) -> None:
        migrate = migrate_command()
        start_again = f"{migrate.replace(' migrate', ' migrate config_app zero --fake')} and then {migrate}"
        super().__init__(
            f"the migrations of config_app are recorded in the database {alias()!r} as applied, but there is "
            f"no {', '.join(missing)}",
            fix=f"run {start_again}" if none_is_there else "restore the database from a backup",
        )
        self.returncode = 1


def check_tables(using: str, apps: Apps | None = None, **_signal: Any) -> None:
    """Raise ``TablesMissing`` if a table or column is missing from the configuration's database.

    ``apps`` contains the models as the recorded migrations define them. After ``manage.py flush``, ``apps``
    is ``None``. Check nothing if ``apps`` is ``None``, or if ``using`` is another database.
    """
    # Django also records a migration in a database whose tables a router forbids. If CONFIG_APP["DATABASE"]
    # names this database later, migrate would find nothing to do.
    if apps is None or using != alias():
        return
    models = [model for model in apps.get_models() if model._meta.app_label == APP_LABEL]
    present = set(connection().introspection.table_names())
    if missing := [name for model in models for name in _missing(model, present)]:
        raise TablesMissing(missing, none_is_there=present.isdisjoint(m._meta.db_table for m in models))


def _missing(model: Any, present: set[str]) -> Iterator[str]:
    """If the model's table is missing, yield the name of the table.

    Otherwise, yield the name of each missing column.
    """
    table = model._meta.db_table
    if table not in present:
        yield f"table {table}"
        return
    with connection().cursor() as cursor:
        found = {column.name for column in connection().introspection.get_table_description(cursor, table)}
    yield from (
        f"column {table}.{field.column}"
        for field in model._meta.local_concrete_fields
        if field.column not in found
    )
