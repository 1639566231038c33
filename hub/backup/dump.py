"""Write a backup while the hub runs."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.apps.registry import Apps
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Model

from config_app.errors import ConfigError
from config_app.store.failures import database_errors
from config_app.transfer.archive import Writer
from hub import __version__
from hub.backup.contents import LINKS, TITLE, columns, kept_models, to_json

CHUNK = 2000
"""How many rows one query reads into memory."""
Progress = Callable[[int, int], None]
"""A function that shows the progress. Its arguments are the number of finished rows and of all rows."""


@dataclasses.dataclass(frozen=True, slots=True)
class Summary:
    """The content of a backup: the number of rows in each table, and the number of the last revision."""

    counts: dict[str, int]
    revision: int


def back_up(path: Path, progress: Progress = lambda _done, _all: None) -> Summary:
    """Write a backup to the new file ``path``. The hub may run and change its data at the same time.

    All rows in the backup are from the same moment. Raise ``ConfigError`` if the file exists or cannot be
    written, and ``DatabaseUnavailable`` if the database cannot be read.
    """
    try:
        with database_errors(), _one_moment(), Writer(path, TITLE) as writer:
            return _dump(writer, progress)
    except FileExistsError:
        raise ConfigError(f"{path} exists already", fix="choose another name") from None
    except OSError as error:
        fix = "check for free disk space, and whether this user may write there"
        raise ConfigError(f"{path} cannot be written: {error.strerror}", fix=fix) from None


@contextlib.contextmanager
def _one_moment() -> Iterator[None]:
    """Let every query of the block see the same state of the database. Writers do not have to wait."""
    if connection.vendor == "sqlite":
        with _reading_only(), transaction.atomic():
            yield
        return
    with transaction.atomic():
        connection.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


@contextlib.contextmanager
def _reading_only() -> Iterator[None]:
    """In this block, a transaction on SQLite does not take the writers' lock when it begins."""
    sqlite: Any = connection
    sqlite.ensure_connection()
    before, sqlite.transaction_mode = sqlite.transaction_mode, None
    try:
        yield
    finally:
        sqlite.transaction_mode = before


def _dump(writer: Writer, progress: Progress) -> Summary:
    executor = MigrationExecutor(connection)
    applied = sorted(executor.loader.applied_migrations)
    models = kept_models(_apps(executor))
    counts = {model._meta.label_lower: model._base_manager.count() for model in models}
    revision = _last_revision(models)
    header = {
        "created_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "version": __version__,
        "revision": revision,
        "migrations": [list(name) for name in applied],
        "counts": counts,
    }
    writer.write(header)
    done = 0
    for model in models:
        for row in _rows(model):
            writer.write(row)
            done += 1
            if done % CHUNK == 0:
                progress(done, sum(counts.values()))
    for model in models:
        for name in LINKS.get(model._meta.label_lower, ()):
            writer.write(_links(model, name))
    progress(done, done)
    return Summary(counts, revision)


def _apps(executor: MigrationExecutor) -> Apps:
    """Return the historical apps after the applied migrations. Their models fit the tables.

    The models in the code do not always fit, because the tables can be older than the code.
    """
    applied = [node for node in executor.loader.applied_migrations if node in executor.loader.graph.nodes]
    return executor.loader.project_state(applied).apps


def _last_revision(models: list[type[Model]]) -> int:
    # If the database belongs to another program and is only now to get our tables, there is no revision.
    found = [model for model in models if model._meta.label_lower == "config_app.revision"]
    numbers = (model._base_manager.order_by("-pk").values_list("pk", flat=True).first() for model in found)
    return next(numbers, None) or 0


def _rows(model: type[Model]) -> Iterator[dict[str, Any]]:
    """Yield the columns of a table, and then its rows in the order of the primary key."""
    names = [field.attname for field in columns(model)]
    yield {"table": model._meta.label_lower, "columns": names}
    # A cursor on the server would be simpler, but the hub uses none: they do not work behind every pooler.
    # Without one, psycopg reads the whole table into memory.
    key = names.index(str(model._meta.pk.attname))
    rows = model._base_manager.order_by("pk").values_list(*names)
    chunk = list(rows[:CHUNK])
    while chunk:
        for row in chunk:
            yield {"row": to_json(row)}
        chunk = list(rows.filter(pk__gt=chunk[-1][key])[:CHUNK])


def _links(model: type[Model], name: str) -> dict[str, Any]:
    """Return a line with all rows of a many-to-many field. Each row has the ids of two related objects.

    For a permission, the row has its app, model and codename instead of the id. The id can be different in
    another database.
    """
    field: Any = model._meta.get_field(name)
    through = field.remote_field.through
    own, other = field.m2m_field_name(), field.m2m_reverse_field_name()
    target = [f"{other}__content_type__app_label", f"{other}__content_type__model", f"{other}__codename"]
    is_permission = field.related_model._meta.label_lower == "auth.permission"
    wanted = target if is_permission else [f"{other}_id"]
    pairs = through._base_manager.order_by("pk").values_list(f"{own}_id", *wanted)
    return {"links": f"{model._meta.label_lower}.{name}", "pairs": [list(pair) for pair in pairs]}
