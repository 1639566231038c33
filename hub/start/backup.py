"""Back up the SQLite file before its schema changes (R10)."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from django.utils import timezone

from config_app.encryption.private_files import PRIVATE_FILE
from config_app.errors import DatabaseUnavailable
from hub.environment.instance import Instance

KEPT = 5
"""How many backups are kept; older ones are removed."""


def back_up(instance: Instance) -> Path | None:
    """Copy the SQLite file into ``backups`` in the instance directory, and return the path of the copy.

    For a database server, do nothing and return ``None``. Raise ``DatabaseUnavailable`` if the copy fails.
    """
    if instance.database_path is None:
        return None
    directory = instance.data_dir / "backups"
    target = directory / f"hub-{timezone.now():%Y%m%dT%H%M%S%f}.db"
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
        _copy(instance.database_path, target)
    except (OSError, sqlite3.Error) as error:
        with contextlib.suppress(OSError):
            target.unlink()
        raise DatabaseUnavailable(
            f"no backup could be written to {directory}: {error}",
            "make sure that the hub can write there; nothing was migrated",
        ) from error
    _remove_old(directory)
    return target


def _copy(source: Path, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as original,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)


def _remove_old(directory: Path) -> None:
    for path in sorted(directory.glob("hub-*.db"))[:-KEPT]:
        path.unlink()
