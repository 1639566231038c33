"""Create and check the SQLite file. If the hub was started before, the file must not be empty."""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings
from django.db import connection

from config_app.encryption.private_files import PRIVATE_FILE
from config_app.errors import DatabaseUnavailable
from hub.database.file_access import cure


def location() -> Path | None:
    """Return the path of the SQLite file. Return ``None`` if the database is on a server."""
    return Path(connection.settings_dict["NAME"]) if connection.vendor == "sqlite" else None


def is_there() -> bool:
    """Return whether the SQLite file exists. Return ``True`` if the database is on a server.

    Raise ``DatabaseUnavailable`` if the file is empty although the hub was started before.
    """
    path = location()
    if path is None or not path.exists():
        return path is None
    if not settings.INSTANCE.first_start:
        refuse_lost(path)
    return True


def create(path: Path) -> None:
    """If the file is missing, create an empty file that only this user can read and write.

    Raise ``DatabaseUnavailable`` if the file cannot be created.
    """
    if path.exists():
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
    except OSError as error:
        raise DatabaseUnavailable(
            f"{path} cannot be created: {error.strerror}",
            f"{cure(path)}, or set HUB_DATABASE_PATH",
        ) from error


def refuse_lost(path: Path) -> None:
    """Raise ``DatabaseUnavailable`` if the file is empty. Call this only if the hub was started before."""
    if path.is_file() and path.stat().st_size == 0:
        raise DatabaseUnavailable(
            f"{path} is empty, but this hub was started before",
            "restore it from a backup, or remove it to start with a new hub",
        )


def require_access(path: Path) -> None:
    """Raise ``DatabaseUnavailable`` if this user cannot use the file.

    The user must be able to read and write the file, and to write to its folder. A missing file is not an
    error here.
    """
    if not path.exists():
        return
    if not path.is_file():
        raise DatabaseUnavailable(f"{path} is not a file", "move it away, or set HUB_DATABASE_PATH")
    for place, mode in ((path, os.R_OK | os.W_OK), (path.parent, os.W_OK | os.X_OK)):
        if not os.access(place, mode, effective_ids=True):
            raise DatabaseUnavailable(f"{place} cannot be read and written by this user", cure(place))
