"""Check who can read the hub's files, and whether the hub itself can use them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from config_app.encryption.private_files import GROUP_OR_WORLD, read_private
from config_app.errors import DatabaseUnavailable
from config_app.problems import Finding, Problem
from hub.database import file as sqlite_file
from hub.environment.env_file import EnvFile, read_env_file
from hub.environment.env_import import importable_file, instance, unknown
from hub.environment.instance import (
    DATA_DIR,
    DATABASE_PATH,
    DATABASE_URL,
    ENCRYPTION_KEY,
    ENCRYPTION_KEY_FILE,
    UnusableDataDirectory,
    require_data_dir,
)
from hub.runtime_config import schema

LEAST_SPACE = 1_000_000
"""With fewer free bytes than this, the disk counts as full. A change needs some space for its journal."""
WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def data_directory() -> Finding:
    """Check that only this user can use the instance directory.

    Raise ``UnusableDataDirectory`` if this user cannot use the directory, or if other users can.
    """
    path = instance().data_dir
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises if a parent must not be read
        if (obstacle := _obstacle(path)) is not None:
            fix = f"make it possible to create {path}, or set {DATA_DIR} to another directory"
            raise UnusableDataDirectory(obstacle, keys=(DATA_DIR,), fix=fix)
        return Finding(f"{path} does not exist yet; the first start creates it")
    require_data_dir(path)
    return Finding(f"{path}, accessible only to this user", tuple(_of_full_disk(path)))


def _of_full_disk(path: Path) -> Iterator[Problem]:
    disk = os.statvfs(path)
    # Some file systems in memory have no limit, and report no blocks.
    if disk.f_blocks and disk.f_bavail * disk.f_frsize < LEAST_SPACE:
        yield Problem(
            code="disk_full",
            message=f"the disk of {path} is full, so nothing can be saved",
            fix="delete files on this disk, or make the disk larger",
            severity="error",
        )


def _obstacle(path: Path) -> str | None:
    """Return ``None`` if this user can create ``path``. Otherwise, return a text with the reason.

    The nearest existing parent of ``path`` must be a directory in which this user can create files.
    """
    place = next(parent for parent in path.parents if os.path.exists(parent))  # noqa: PTH110 - as above
    if not place.is_dir():
        return f"{place} is not a directory"
    is_open = os.access(place, os.W_OK | os.X_OK, effective_ids=True)
    return None if is_open and not _is_made_by_kernel(place) else f"{place} cannot be written to"


def _is_made_by_kernel(place: Path) -> bool:
    """Return whether the directory is in a virtual file system, such as /proc."""
    # The kernel wrongly reports that root can write there. Such a file system has no blocks. A file system in
    # memory may have no blocks either, but its directories have a write permission.
    return not place.stat().st_mode & WRITABLE and not os.statvfs(place).f_blocks


def database_file() -> Finding:
    """Check that only this user can use the SQLite file.

    Raise ``DatabaseUnavailable`` if this user cannot use the file.
    """
    path = instance().database_path
    if path is None or not os.path.exists(path):  # noqa: PTH110 - as above
        if path is not None and (obstacle := _obstacle(path)) is not None:
            variable = DATA_DIR if path.is_relative_to(instance().data_dir) else DATABASE_PATH
            fix = f"make it possible to create {path}, or set {variable} to another place"
            raise DatabaseUnavailable(obstacle, fix)
        return Finding(f"{path} does not exist yet; the first start creates it")
    sqlite_file.require_access(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & GROUP_OR_WORLD or not path.parent.stat().st_mode & GROUP_OR_WORLD:
        return Finding(f"{path}, mode {mode:04o}")
    exposed = Problem(
        code="database_exposed",
        message=f"other users of this machine can read {path}, with all accounts and sessions",
        fix=f"run chmod 600 {path}",
    )
    return Finding(f"{path}, mode {mode:04o}", (exposed,))


def key_file() -> Finding:
    """Check that only this user can read this machine's key file.

    Raise ``KeyringLocked`` if this user cannot read the file, or if other users can.
    """
    path = instance().key_file
    if not path.exists():
        return Finding(f"there is no {path}")
    read_private(path)
    return Finding(f"{path}, accessible only to this user")


def env_file() -> Finding:
    """Check ``.env``. Raise ``UnreadableEnvFile`` if the file cannot be read or imported.

    The first start imports the file. Before the first start, report unknown variables. After the first start,
    only an encryption key in the file still has an effect, so report all other secrets in the file. Also
    report the encryption key if other users can read the file.
    """
    file = importable_file() if instance().first_start else read_env_file(instance().env_file)
    # After the first start, the check `environment` reports unknown variables.
    misspelt = tuple(unknown(os.environ, file)) if instance().first_start else ()
    if not file.path.exists():
        return Finding(f"there is no {file.path}", misspelt)
    if instance().first_start:
        return Finding(f"the first start imports {file.path}", misspelt)
    if any(file.values.get(name) for name in (ENCRYPTION_KEY, ENCRYPTION_KEY_FILE)):
        return Finding(
            f"each start reads the encryption key from {file.path}", (*_left_over(file), *_exposed_key(file))
        )
    return Finding(f"{file.path} has no effect any more", tuple(_left_over(file)))


def _exposed_key(file: EnvFile) -> Iterator[Problem]:
    if file.values.get(ENCRYPTION_KEY) and _is_exposed(file.path):
        message = f"other users of this machine can read {file.path}, which contains {ENCRYPTION_KEY}"
        yield Problem(code="env_key_exposed", message=message, fix=f"run chmod 600 {file.path}")


def _left_over(file: EnvFile) -> Iterator[Problem]:
    names = [name for name in _secret_variables() if file.values.get(name, "").strip()]
    if not names:
        return
    how = (
        "other users of this machine can read the file"
        if _is_exposed(file.path)
        else "the file is plain text"
    )
    yield Problem(
        code="env_secrets",
        message=f"{file.path} still contains {', '.join(names)}, and {how}",
        fix="remove these lines, which have no effect any more",
    )


def _secret_variables() -> list[str]:
    """Return the names of the variables whose values are secret or can contain a password."""
    imported = [name for s in schema.settings.values() if s.is_secret for name in s.imported_from]
    return [*imported, DATABASE_URL]


def _is_exposed(path: Path) -> bool:
    return bool(path.stat().st_mode & GROUP_OR_WORLD)
