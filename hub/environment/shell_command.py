"""Completes commands, so that a person who types them in a shell reaches the install of this process."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from config_app.problems import IN_FOLDER
from hub.database.location import resolve_path
from hub.environment.foreign_variables import BASE_DIR
from hub.environment.instance import (
    DATA_DIR,
    DATABASE_PATH,
    DATABASE_URL,
    ENCRYPTION_KEY_FILE,
    ENV_FILE,
    INSTANCE_FILE,
    Instance,
)

PASSWORD: Final = "PASSWORD"  # noqa: S105 - a word, not a password
"""Stands for a password in a command. A message must not contain the password itself."""
SWITCHERS: Final = frozenset({"sudo", "runuser", "doas"})
"""The programs with which a person runs a single command as another user."""
_FIRST_LOGIN: Final = 1000
"""The accounts of people have this user id or a higher one. Lower ids belong to services."""


def command_prefix(instance: Instance, environ: Mapping[str, str] = os.environ) -> str:
    """Return the first part of a complete command, to be followed by the arguments.

    This part says which user runs the command, and with which variables and paths. Return ``./manage.py`` if
    this is enough in the hub's folder.
    """
    user, variables = list(_user(environ)), list(_variables(instance, environ))
    if not user and not variables and _is_in_folder():
        return IN_FOLDER
    words = [*user, *(["env", *variables] if variables else []), *_program()]
    return shlex.join(words)


def _variables(instance: Instance, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield an assignment for each variable of the process that a shell lacks, without passwords."""
    places = {
        DATA_DIR: (instance.data_dir, BASE_DIR / "data"),
        ENV_FILE: (instance.env_file, BASE_DIR / ".env"),
    }
    for name, (place, default) in places.items():
        if name in environ and place != default:
            yield f"{name}={place}"
    if DATABASE_URL in environ:
        yield f"{DATABASE_URL}={_without_password(environ[DATABASE_URL])}"
    elif DATABASE_PATH in environ:
        yield f"{DATABASE_PATH}={instance.database_path}"
    if ENCRYPTION_KEY_FILE in environ:
        yield f"{ENCRYPTION_KEY_FILE}={resolve_path(environ[ENCRYPTION_KEY_FILE], BASE_DIR)}"


def database_address(environ: Mapping[str, str] = os.environ) -> str:
    """Return the names of the variable and the file that can contain the database's address."""
    url = environ.get(DATABASE_URL, "")
    if url and url == _without_password(url) and PASSWORD in url:
        return (
            f"{DATABASE_URL} (replace the word {PASSWORD}, which stands for the password in printed commands)"
        )
    return f"{DATABASE_URL} or {INSTANCE_FILE}"


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    user, separator, host = parts.netloc.rpartition("@")
    name, colon, _password = user.partition(":")
    netloc = f"{name}:{PASSWORD}{separator}{host}" if colon else parts.netloc
    options = "&".join(map(_without_secret, filter(None, parts.query.split("&"))))
    return parts._replace(netloc=netloc, query=options).geturl()


def _without_secret(option: str) -> str:
    name = option.partition("=")[0]
    return f"{name}={PASSWORD}" if "pass" in name.lower() else option


def _user(environ: Mapping[str, str]) -> Iterator[str]:
    """If the person at the shell is not the user of this process, yield the words that switch users."""
    if os.geteuid() == 0 or not (_parent() in SWITCHERS or _is_started_by_systemd(environ)):
        return
    try:
        account = pwd.getpwuid(os.geteuid())
    except KeyError:
        return
    if account.pw_uid < _FIRST_LOGIN or Path(account.pw_shell).name in {"nologin", "false"}:
        yield from ("sudo", "-u", account.pw_name) if shutil.which("sudo") else _as_root(account.pw_name)


def _is_started_by_systemd(environ: Mapping[str, str]) -> bool:
    # People at a terminal are this user already. Only systemd sets INVOCATION_ID.
    return "INVOCATION_ID" in environ and not any(map(os.isatty, range(3)))


def _parent() -> str:
    """Return the name of the program that has started this process. Return ``""`` if it is not known."""
    try:
        return Path(f"/proc/{os.getppid()}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _as_root(name: str) -> tuple[str, ...]:
    return ("runuser", "-u", name, "--")


def _is_in_folder() -> bool:
    try:
        return Path.cwd() == BASE_DIR
    except OSError:  # the folder was removed
        return False


def _program() -> list[str]:
    script = BASE_DIR / "manage.py"
    if script.exists():
        return [sys.executable, str(script)]
    return ["env", "DJANGO_SETTINGS_MODULE=hub.settings", sys.executable, "-m", "django"]
