"""Back up the database before migrations change the schema."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from django.utils import timezone

from config_app.encryption.private_files import PRIVATE_FILE
from config_app.errors import ConfigError, DatabaseUnavailable
from hub.backup import dump

KEPT = 5
"""How many backups are kept. Older backups are removed."""


def back_up(directory: Path, sqlite_file: Path | None) -> Path:
    """Write a new backup into ``directory``, and return the path of the backup.

    Only the newest ``KEPT`` backups stay in the directory.

    For SQLite, the backup is a copy of the database file. For a database server, the backup has the format of
    ``manage.py backup``, because a copy of the whole database would need the tools of the server.

    Raise ``DatabaseUnavailable`` if the backup cannot be written.
    """
    suffix = "backup" if sqlite_file is None else "db"
    target = directory / f"hub-{timezone.now():%Y%m%dT%H%M%S%f}.{suffix}"
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        if sqlite_file is None:
            dump.back_up(target)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
            _copy(sqlite_file, target)
    except (OSError, sqlite3.Error, ConfigError) as error:
        with contextlib.suppress(OSError):
            target.unlink()
        raise DatabaseUnavailable(
            f"no backup could be written to {directory}: {error}",
            "make sure that the hub can write there; nothing was migrated",
        ) from error
    for path in sorted(directory.glob(f"hub-*.{suffix}"))[:-KEPT]:
        path.unlink()
    return target


def _copy(source: Path, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as original,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)
