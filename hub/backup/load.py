"""Fill the tables with the rows of a backup."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps.registry import Apps
from django.db import connection
from django.db.models import Field, Model

from config_app.store import state_row
from config_app.transfer.archive import UnreadableArchive, read_lines
from hub.backup.contents import STATE, TITLE, columns, kept_models, to_database
from hub.backup.dump import CHUNK, Progress


def lines(path: Path) -> Iterator[Any]:
    """Yield the lines of a backup. The first line is the header."""
    return read_lines(path, TITLE)


class Loader:
    """Inserts the rows of the backup ``path`` into the empty tables of the models in ``apps``."""

    def __init__(self, path: Path, apps: Apps) -> None:
        self._path, self._apps = path, apps
        self._models = {model._meta.label_lower: model for model in kept_models(apps)}

    def load_rows(self, count: int, progress: Progress) -> None:
        """Insert all rows of the backup. ``count`` is the expected number of rows.

        Raise ``UnreadableArchive`` if the backup has another number of rows, or if the rows do not fit the
        tables.
        """
        table, waiting, done = None, list[list[Any]](), 0
        for line in lines(self._path):
            if "row" in line:
                waiting.append(line["row"])
                done += 1
            if table and waiting and (len(waiting) == CHUNK or "row" not in line):
                table.insert(waiting)
                waiting = []
                progress(done, count)
            if "table" in line:
                table = self._table(line["table"], line["columns"])
        if done != count or waiting:
            raise UnreadableArchive(self._path, f"expected {count} rows, but it has {done}")

    def _table(self, name: str, names: list[str]) -> _Table:
        if name not in self._models:
            raise UnreadableArchive(self._path, "it has a table that this version does not know")
        fields = {field.attname: field for field in columns(self._models[name])}
        if set(names) != fields.keys():
            raise UnreadableArchive(self._path, "a table does not have the columns that this version expects")
        return _Table(self._models[name], [fields[attname] for attname in names])

    def load_links(self) -> None:
        """Insert the rows of the many-to-many fields. The permissions must be in the database already."""
        for line in lines(self._path):
            if "links" in line:
                self._insert_links(line["links"], line["pairs"])

    def _insert_links(self, name: str, pairs: list[list[Any]]) -> None:
        label, _, attribute = name.rpartition(".")
        field: Any = self._models[label]._meta.get_field(attribute)
        own, other = f"{field.m2m_field_name()}_id", f"{field.m2m_reverse_field_name()}_id"
        is_permission = field.related_model._meta.label_lower == "auth.permission"
        targets = self._permissions() if is_permission else None
        rows = []
        for first, *rest in pairs:
            target = rest[0] if targets is None else targets.get(tuple(rest))
            if target is not None:  # the permission may belong to an app that is not installed any more
                rows.append(field.remote_field.through(**{own: first, other: target}))
        field.remote_field.through._base_manager.bulk_create(rows, batch_size=CHUNK)

    def _permissions(self) -> dict[tuple[str, ...], int]:
        manager = self._apps.get_model("auth", "Permission")._base_manager
        names = ("content_type__app_label", "content_type__model", "codename")
        return {tuple(found): pk for pk, *found in manager.values_list("pk", *names)}


class _Table:
    """A table to fill, and the fields of its columns in the order of the backup."""

    def __init__(self, model: type[Model], fields: list[Field[Any, Any]]) -> None:
        self._model, self._fields = model, fields

    def insert(self, rows: list[list[Any]]) -> None:
        if self._model._meta.label_lower == STATE:
            self._change_state(rows[0])
            return
        given = [
            [to_database(f, value, connection) for f, value in zip(self._fields, row, strict=True)]
            for row in rows
        ]
        quote = connection.ops.quote_name
        names = ", ".join(quote(str(field.column)) for field in self._fields)
        marks = ", ".join(["%s"] * len(self._fields))
        table = quote(self._model._meta.db_table)
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", given)  # noqa: S608 - our own names

    def _change_state(self, row: list[Any]) -> None:
        # Writers lock this row, so change it instead of replacing it.
        values = dict(zip([field.attname for field in self._fields], row, strict=True))
        state_row.lock()
        self._model._base_manager.filter(pk=values.pop("id")).update(**values)
