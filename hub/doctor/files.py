"""Facts about the hub's files: who may read them, and whether the hub itself can."""

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
from hub.environment.env_import import instance, unknown
from hub.environment.instance import (
    DATA_DIR,
    DATABASE_PATH,
    DATABASE_URL,
    ENCRYPTION_KEY,
    UnusableDataDirectory,
    require_data_dir,
)
from hub.runtime_config import schema

WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def data_directory() -> Finding:
    """The instance directory is this user's alone; raises ``UnusableDataDirectory``."""
    path = instance().data_dir
    if not os.path.exists(path):  # noqa: PTH110 - Path's raises where a parent may not be looked into
        if (obstacle := _obstacle(path)) is not None:
            fix = f"make room for {path}, or set {DATA_DIR} to another place"
            raise UnusableDataDirectory(obstacle, keys=(DATA_DIR,), fix=fix)
        return Finding(f"{path} is not there yet; the first start makes it")
    require_data_dir(path)
    return Finding(f"{path}, for this user alone")


def _obstacle(path: Path) -> str | None:
    """Return what keeps this user from making ``path``: the nearest parent that is there has to take it."""
    place = next(parent for parent in path.parents if os.path.exists(parent))  # noqa: PTH110 - as above
    if not place.is_dir():
        return f"{place} is not a directory"
    is_open = os.access(place, os.W_OK | os.X_OK, effective_ids=True)
    return None if is_open and not _is_made_by_kernel(place) else f"{place} cannot be written to"


def _is_made_by_kernel(place: Path) -> bool:
    """Tell whether a directory is like those in /proc: the kernel says that root may write there, untruly.

    Such a file system has no blocks. One in memory may have none either, but lets its owner write.
    """
    return not place.stat().st_mode & WRITABLE and not os.statvfs(place).f_blocks


def database_file() -> Finding:
    """This user can read and write the SQLite file, and others cannot; raises ``DatabaseUnavailable``."""
    path = instance().database_path
    if path is None or not os.path.exists(path):  # noqa: PTH110 - as above
        if path is not None and (obstacle := _obstacle(path)) is not None:
            variable = DATA_DIR if path.is_relative_to(instance().data_dir) else DATABASE_PATH
            raise DatabaseUnavailable(obstacle, f"make room for {path}, or set {variable} to another place")
        return Finding(f"{path} is not there yet; the first start makes it")
    sqlite_file.require_access(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & GROUP_OR_WORLD or not path.parent.stat().st_mode & GROUP_OR_WORLD:
        return Finding(f"{path}, mode {mode:04o}")
    exposed = Problem(
        code="database_exposed",
        message=f"others on this machine can read {path}, accounts and sessions included",
        fix=f"run chmod 600 {path}",
    )
    return Finding(f"{path}, mode {mode:04o}", (exposed,))


def key_file() -> Finding:
    """Nobody else can read the key of this machine; raises ``KeyringLocked``."""
    path = instance().key_file
    if not path.exists():
        return Finding(f"there is no {path}")
    read_private(path)
    return Finding(f"{path}, for this user alone")


def env_file() -> Finding:
    """No ``.env`` has secrets in it once imported, or misspells before; raises ``UnreadableEnvFile``."""
    file = read_env_file(instance().env_file)
    misspelt = tuple(unknown(os.environ, file)) if instance().first_start else ()  # later, drift has them
    if not file.path.exists():
        return Finding(f"there is no {file.path}", misspelt)
    if instance().first_start:
        return Finding(f"the first start imports {file.path}", misspelt)
    return Finding(f"{file.path} has no say any more", tuple(_left_over(file)))


def _left_over(file: EnvFile) -> Iterator[Problem]:
    names = [name for name in _secret_variables() if file.values.get(name, "").strip()]
    if not names:
        return
    how = "where others on this machine can read it" if _is_exposed(file.path) else "in plain text"
    yield Problem(
        code="env_secrets",
        message=f"{file.path} still has {', '.join(names)} in it, {how}",
        fix="remove these lines, or the file: only the database counts",
    )


def _secret_variables() -> list[str]:
    """Return the names of the variables whose values are secret, or may have a password in them."""
    imported = [name for s in schema.settings.values() if s.is_secret for name in s.imported_from]
    return [*imported, ENCRYPTION_KEY, DATABASE_URL]


def _is_exposed(path: Path) -> bool:
    return bool(path.stat().st_mode & GROUP_OR_WORLD)
