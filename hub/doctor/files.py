"""Facts about the hub's files: who may read them, and whether the hub itself can."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from config_app.doctor.finding import Finding
from config_app.files import GROUP_OR_WORLD, read_private
from config_app.project import Problem
from hub import database_file as sqlite_file
from hub.env_file import EnvFile, read_env_file
from hub.env_import import instance
from hub.instance import DATABASE_URL, ENCRYPTION_KEY, require_data_dir
from hub.runtime_config import schema


def data_directory() -> Finding:
    """The instance directory is this user's alone; raises ``UnusableDataDirectory``."""
    path = instance().data_dir
    if not path.exists():
        return Finding(f"{path} is not there yet; the first start makes it")
    require_data_dir(path)
    return Finding(f"{path}, for this user alone")


def database_file() -> Finding:
    """This user can read and write the SQLite file, and others cannot; raises ``DatabaseUnavailable``."""
    path = instance().database_path
    if path is None or not path.exists():
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
    """No ``.env`` that was imported lies around with secrets in it; raises ``UnreadableEnvFile``."""
    file = read_env_file(instance().env_file)
    if not file.path.exists():
        return Finding(f"there is no {file.path}")
    if instance().first_start:
        return Finding(f"the first start imports {file.path}")
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
