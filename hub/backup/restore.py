"""Replace the content of this hub with the content of a backup, in one transaction."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from config_app import store
from config_app.change.adoption import adopt
from config_app.encryption.slot_management import unlock_with
from config_app.encryption.unlockers import Unlocker
from config_app.errors import ConfigError
from config_app.live import runtime
from config_app.models import ConfigState, Revision
from config_app.project import get_schema
from config_app.store import Edit, Origin, Stored
from config_app.transfer.archive import UnreadableArchive
from hub.backup.contents import EMPTIED, LINKS, STATE, kept_models
from hub.backup.dump import Progress
from hub.backup.load import Loader, lines
from hub.backup.upgrade import upgraded
from hub.postgresql.limits import long_statements


@dataclasses.dataclass(frozen=True, slots=True)
class Header:
    """The first line of a backup. This line describes the backup. The first backups had no ``version``."""

    created_at: str
    version: str
    revision: int
    migrations: frozenset[tuple[str, str]]
    counts: dict[str, int]

    @property
    def accounts(self) -> int:
        """Return the number of accounts in the backup."""
        return self.counts.get("hub.user", 0)

    @property
    def rows(self) -> int:
        """Return the number of rows in the backup."""
        return sum(self.counts.values())


def examine(path: Path) -> Header:
    """Check a whole backup, and return its header.

    Raise ``ConfigError`` if the file cannot be read, is damaged or was made by a newer version.
    """
    try:
        return _header(path, next(lines(path), None))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", fix="check the path") from None


def _header(path: Path, found: Any) -> Header:
    try:
        header = Header(
            str(found["created_at"]),
            str(found.get("version", "")),
            int(found["revision"]),
            _of_installed_apps((app, name) for app, name in found["migrations"]),
            dict(found["counts"]),
        )
    except (TypeError, KeyError, ValueError, AttributeError):
        raise UnreadableArchive(path, "its first line is not the header of a backup") from None
    _refuse_newer(path, header)
    return header


def _refuse_newer(path: Path, header: Header) -> None:
    # The database is not asked, because it may be missing until the backup is accepted.
    if header.migrations - MigrationLoader(None, ignore_no_migrations=True).disk_migrations.keys():
        raise UnreadableArchive(path, "it was made by a newer version", "install this newer version first")


def _applied() -> frozenset[tuple[str, str]]:
    return _of_installed_apps(MigrationRecorder(connection).applied_migrations())


def _of_installed_apps(migrations: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    installed = {config.label for config in apps.get_app_configs()}
    return frozenset((app, name) for app, name in migrations if app in installed)


def restore(
    path: Path,
    origin: Origin,
    progress: Progress = lambda _done, _all: None,
    *,
    unlocker: Unlocker | None = None,
) -> Revision:
    """Replace the configuration, the history and the accounts with the content of a backup.

    All sessions end. Return a new revision, which records the restore and comes after the revisions of the
    backup. If ``unlocker`` is given, use it to unlock the restored secrets. From then on, this machine can
    unlock these secrets without ``unlocker``.

    Raise ``ConfigError`` if the file cannot be read or its rows do not fit the tables, and ``KeyringLocked``
    if ``unlocker`` does not unlock the secrets. In these cases, nothing has changed.
    """
    header = examine(path)
    if header.migrations == _applied():
        return _replace(path, header, origin, progress, unlocker)
    with upgraded(path) as newer:
        return _replace(newer, examine(newer), origin, progress, unlocker)


def _replace(
    path: Path, header: Header, origin: Origin, progress: Progress, unlocker: Unlocker | None
) -> Revision:
    with store.writing() as before, long_statements():
        _empty()
        loader = Loader(path, apps)
        loader.load_rows(header.rows, progress)
        loader.load_links()
        _reset_sequences()
        # The version must not decrease, because processes compare versions to notice the restore.
        ConfigState.objects.filter(version__lt=before.version).update(version=before.version)
        restored = adopt(store.read())
        revision = store.record(restored, _of_this_install(before, restored), origin)
        if unlocker is not None:
            unlock_with(unlocker)
        runtime.reload_on_commit()
    return revision


def _of_this_install(before: Stored, restored: Stored) -> Iterator[Edit]:
    """Yield the changes that keep the id of this install and the location of its database."""
    # The source of the backup may still run on the same host name, so the two need different ids.
    for key, setting in get_schema().settings.items():
        if setting.managed and setting.is_machine_specific:
            own, others = before.rows.get(key), restored.rows.get(key)
            if own != others:
                yield Edit(key=key, old=others and others.value, new=own and own.value)


def _empty() -> None:
    kept = kept_models(apps)
    others = [apps.get_model(name) for name in sorted(EMPTIED)]
    for table in _tables([*_through(kept), *others, *reversed(kept)]):
        connection.cursor().execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own tables


def _tables(models: Iterable[type[Model]]) -> Iterator[str]:
    """Yield the quoted names of the models' tables, except the table ``config_state``.

    The transaction has locked the row in ``config_state``, so this row must stay.
    """
    for model in models:
        if model._meta.label_lower != STATE:
            yield connection.ops.quote_name(model._meta.db_table)


def _through(models: Iterable[type[Model]]) -> Iterator[type[Model]]:
    for model in models:
        for name in LINKS.get(model._meta.label_lower, ()):
            field: Any = model._meta.get_field(name)
            yield field.remote_field.through


def _reset_sequences() -> None:
    kept = kept_models(apps)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [*kept, *_through(kept)]):
            cursor.execute(statement)
