"""Find out from the process environment where this hub's database, key and private files are.

``hub.settings`` imports this module. So nothing here imports Django, and `resolve_instance` writes nothing
to the disk.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from config_app.declaration.secret import Secret
from config_app.declaration.slips import find_slip
from config_app.encryption.private_files import GROUP_OR_WORLD, LARGEST, publish_once, read_regular
from config_app.errors import ConfigError, InvalidValue
from hub.database.file_access import cure, may_create_inside
from hub.database.location import Database, database_from_url, resolve_path, sqlite_database
from hub.environment import MAX_ENV_BYTES
from hub.environment.shared_key import UnreadableKeyFile, parse_key, read_key_file

if TYPE_CHECKING:
    from hub.environment.env_file import EnvFile, EnvProblem

DATA_DIR: Final = "HUB_DATA_DIR"
DATABASE_URL: Final = "HUB_DATABASE_URL"
DATABASE_PATH: Final = "HUB_DATABASE_PATH"
ENCRYPTION_KEY: Final = "HUB_ENCRYPTION_KEY"
ENCRYPTION_KEY_FILE: Final = "HUB_ENCRYPTION_KEY_FILE"
ENV_FILE: Final = "HUB_ENV_FILE"

INSTANCE_FILE: Final = "instance.json"
_VARIABLE_OF: Final = {"database_url": DATABASE_URL, "database_path": DATABASE_PATH}

ELSEWHERE: Final = "another place"

T = TypeVar("T")


class UnusableDataDirectory(ConfigError):
    """This user cannot use the instance directory, or other users can use it."""


class InvalidInstanceFile(ConfigError):
    """The file instance.json exists, but cannot be read or has the wrong content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """The places of this hub's database, keys and files.

    `database` is an entry of DATABASES, with OPTIONS only if the URL has options. `database_label` is the
    name of the database in messages, without user and password. `first_start` is true until instance.json
    exists. `named_by_env_file` is true if this is the first start and `.env` names the database in use.
    `problems` contains the lines of `.env` that have no effect.
    """

    data_dir: Path
    database: dict[str, Any] = field(repr=False)
    database_url: str | None = field(repr=False)
    database_path: Path | None
    database_label: str
    env_file: Path
    encryption_key: Secret | None
    key_file: Path
    token_file: Path
    first_start: bool
    named_by_env_file: bool
    problems: tuple[EnvProblem, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    """The variables of one place, such as `.env`. A value that is a relative path starts at `base`."""

    name: str
    values: Mapping[str, str] = field(repr=False)
    base: Path
    broken: Mapping[str, EnvProblem] = field(default_factory=dict)
    problems: tuple[EnvProblem, ...] = ()

    def read(self, variable: str, parse: Callable[[str, Path], T]) -> T | None:
        """Return the parsed value; None if the variable is not set. Raise ConfigError if the value is bad."""
        if variable in self.broken:
            problem = self.broken[variable]
            fix = f"correct line {problem.line} of {self.name}"
            raise ConfigError(f"{variable}: {problem.message}", keys=(variable,), fix=fix)
        value = self.values.get(variable)
        if value is None:
            return None
        # Empty is not the same as unset. A secret store that fails may leave the variable empty, and the
        # default would then start a new, empty hub.
        if not value.strip():
            fix = f"set it, or remove it from {self.name}"
            raise InvalidValue(variable, "a value that is not empty", fix=fix)
        # `docker run --env-file` keeps quotes and line ends. A folder of such a name would be a new hub.
        if slip := _slip(variable, value):
            raise InvalidValue(variable, f"nothing but the value; {slip}", fix=f"correct it in {self.name}")
        try:
            return parse(value, self.base)
        except UnreadableKeyFile as error:
            raise InvalidValue(variable, str(error), fix=error.fix) from None
        except ValueError as error:
            raise InvalidValue(variable, str(error), fix=f"correct it in {self.name}") from None


def _slip(variable: str, value: str) -> str:
    text = value.strip() if variable == ENCRYPTION_KEY else value
    return find_slip(text.replace("\0", ""))  # the parsers have their own words for a NUL


def resolve_instance(environ: Mapping[str, str], base_dir: Path) -> Instance:
    """Return the instance for this process environment. Raise ConfigError if a variable cannot be used.

    The first place that names the database decides: the process environment, then instance.json (or `.env`
    if there is no instance.json yet), then the default. Within one place, the URL wins over the path.
    """
    process = _Source("the process environment", environ, base_dir)
    data_dir = process.read(DATA_DIR, resolve_path) or resolve_path("data", base_dir)
    env_file = process.read(ENV_FILE, resolve_path) or resolve_path(".env", base_dir)
    remembered = _read_instance_file(data_dir / INSTANCE_FILE)
    if remembered is None:
        later = keys = _env_file_source(env_file, data_dir, base_dir)
    else:
        later = _Source(str(data_dir / INSTANCE_FILE), remembered, data_dir)
        keys = _env_file_key(env_file, data_dir, base_dir)
    pinned = _database(process)
    named = None if pinned else _database(later)
    database = pinned or named or sqlite_database("hub.db", data_dir)
    return Instance(
        data_dir=data_dir,
        database=database.entry,
        database_url=database.url,
        database_path=database.path,
        database_label=database.label,
        env_file=env_file,
        encryption_key=_encryption_key(process) or _encryption_key(keys),
        key_file=data_dir / "machine.key",
        token_file=data_dir / "setup-token",
        first_start=remembered is None,
        named_by_env_file=remembered is None and named is not None,
        problems=later.problems,
    )


def remember_database(instance: Instance) -> None:
    """Write instance.json, unless the file exists. Raise UnusableDataDirectory if that fails.

    If `.env` named the database, instance.json then names the same database.
    """
    url, path = instance.database_url, instance.database_path
    # A relative path lets the whole instance directory move.
    if path is not None and path.is_relative_to(instance.data_dir):
        path = path.relative_to(instance.data_dir)
    record = {"database_url": url, "database_path": None if path is None else str(path)}
    if not instance.named_by_env_file:
        record = dict.fromkeys(record)
    target = instance.data_dir / INSTANCE_FILE
    try:
        publish_once(target, json.dumps(record, indent=2).encode() + b"\n")
    except OSError as error:
        message = f"{target} cannot be written: {error.strerror}"
        raise UnusableDataDirectory(message, fix=cure(target)) from None


def ensure_data_dir(path: Path) -> None:
    """Create the instance directory and its missing parents. Only this user gets access (0700).

    Raise UnusableDataDirectory if this user cannot create or use the directory, or if other users can use it.
    """
    try:
        _make_private(path)
    except OSError as error:
        raise _not_created(path, error) from None
    require_data_dir(path)


def require_data_dir(path: Path) -> None:
    """Raise UnusableDataDirectory if the instance directory is not writable or not private to this user."""
    try:
        found = path.stat()
    except OSError as error:
        raise _not_created(path, error) from None
    if not stat.S_ISDIR(found.st_mode):
        raise _unusable(f"{path} is not a directory", "move it away")
    if found.st_uid != os.geteuid():
        message = f"{path} belongs to user id {found.st_uid}, but the hub runs as user id {os.geteuid()}"
        place = f"a new directory in it, such as {path}/hub" if may_create_inside(path) else ELSEWHERE
        raise _unusable(message, cure(path), place)
    if found.st_mode & GROUP_OR_WORLD:
        raise _unusable(f"other users can open {path}", f"run chmod 700 {path}")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
        raise _unusable(f"{path} cannot be written to", cure(path))


def _make_private(path: Path) -> None:
    if path.is_dir():
        return
    _make_private(path.parent)
    with contextlib.suppress(FileExistsError):  # another process was faster, or it is not a directory
        path.mkdir(mode=0o700)


def _not_created(path: Path, error: OSError) -> UnusableDataDirectory:
    return _unusable(f"{path} cannot be created: {error.strerror}", cure(path))


def _unusable(message: str, fix: str, place: str = ELSEWHERE) -> UnusableDataDirectory:
    return UnusableDataDirectory(message, keys=(DATA_DIR,), fix=f"{fix}, or set {DATA_DIR} to {place}")


def _env_file_source(path: Path, data_dir: Path, base_dir: Path) -> _Source:
    from hub.environment.env_file import read_env_file

    file = read_env_file(path)
    # If a bad line names the database or a key, the hub must not use the default instead.
    broken = {p.name: p for p in file.problems if p.name is not None and p.name not in file.values}
    return _Source(str(path), file.values, base_dir, broken, lines_too_late(file, data_dir, base_dir))


def _env_file_key(path: Path, data_dir: Path, base_dir: Path) -> _Source:
    """Return the variables of `.env`. If `.env` contains no encryption key, return an empty source."""
    with contextlib.suppress(OSError):  # the doctor reports an unreadable file
        if ENCRYPTION_KEY.encode() in read_regular(path, MAX_ENV_BYTES):
            return _env_file_source(path, data_dir, base_dir)
    return _Source(str(path), {}, base_dir)


def lines_too_late(file: EnvFile, data_dir: Path, base_dir: Path) -> tuple[EnvProblem, ...]:
    """Return a problem if `.env` sets HUB_DATA_DIR or HUB_ENV_FILE to another path than the path in use."""
    found = [_too_late(file, DATA_DIR, data_dir, base_dir), _too_late(file, ENV_FILE, file.path, base_dir)]
    return tuple(filter(None, found))


def _too_late(file: EnvFile, variable: str, used: Path, base_dir: Path) -> EnvProblem | None:
    """Return a problem if the file sets `variable` to another path than `used`. Otherwise return None."""
    from hub.environment.env_file import EnvProblem

    value = file.values.get(variable)
    with contextlib.suppress(ValueError):
        if value is None or resolve_path(value, base_dir) == used:
            return None
    message = "expected in the process environment, because this file is read too late to set the variable"
    return EnvProblem(file.lines[variable], variable, message)


def _read_instance_file(path: Path) -> dict[str, str] | None:
    """Return the content of instance.json as variables. Return None if the file does not exist yet.

    Raise InvalidInstanceFile if the file cannot be used.
    """
    try:
        content = read_regular(path, LARGEST)
    except FileNotFoundError:
        return None
    except OSError as error:
        fix = f"{cure(path)}, or correct {DATA_DIR}"
        raise InvalidInstanceFile(f"{path} cannot be read: {error.strerror}", fix=fix) from None
    try:
        record = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise _invalid(path, "JSON") from None
    if not isinstance(record, dict) or not record.keys() <= _VARIABLE_OF.keys():
        raise _invalid(path, "an object with database_url and database_path only")
    if not all(value is None or isinstance(value, str) for value in record.values()):
        raise _invalid(path, "text or null for database_url and database_path")
    return {_VARIABLE_OF[key]: value for key, value in record.items() if value is not None}


def _invalid(path: Path, expected: str) -> InvalidInstanceFile:
    fix = f"restore this file from a backup, or write {{}} into it and name the database in {DATABASE_URL}"
    return InvalidInstanceFile(f"{path}: expected {expected}", fix=fix)


def _database(source: _Source) -> Database | None:
    return source.read(DATABASE_URL, database_from_url) or source.read(DATABASE_PATH, sqlite_database)


def _encryption_key(source: _Source) -> Secret | None:
    inline = source.read(ENCRYPTION_KEY, parse_key)
    from_file = source.read(ENCRYPTION_KEY_FILE, read_key_file)
    if inline is not None and from_file is not None and inline != from_file:
        names = (ENCRYPTION_KEY, ENCRYPTION_KEY_FILE)
        raise ConfigError(f"{' and '.join(names)} hold different keys", keys=names, fix="keep one of them")
    return inline or from_file
