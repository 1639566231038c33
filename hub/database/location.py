"""Turn the path or the URL of a database into an entry of Django's DATABASES."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

SQLITE_ENGINE: Final = "django.db.backends.sqlite3"

_SERVERS: Final = {"postgres": "postgresql", "postgresql": "postgresql", "mysql": "mysql"}
_EXPECTED_URL: Final = (
    "a database URL such as postgres://user:password@host:5432/name, mysql://user:password@host/name"
    " or sqlite:////absolute/path.db"
)
_EXPECTED_SQLITE: Final = "sqlite:/// followed by the path of an SQLite file, without a host or options"
_EXPECTED_SLASHES: Final = (
    "sqlite://// with four slashes for an absolute path, such as sqlite:////srv/hub.db, because three slashes"
    " mean a path in the folder of manage.py"
)
_EXPECTED_ENCODED: Final = (
    "a database URL without spaces, in which each / ? # @ % of the user name, the password or the database"
    " name is percent-encoded"
)


_SWITCHES: Final = ("ATOMIC_REQUESTS", "AUTOCOMMIT", "CONN_HEALTH_CHECKS", "DISABLE_SERVER_SIDE_CURSORS")
_REQUIRED: Final = {"ATOMIC_REQUESTS": False, "AUTOCOMMIT": True}
_TRUE: Final = ("true", "1", "yes", "on")
_FALSE: Final = ("false", "0", "no", "off")
_PLACE: Final = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
"""Maps libpq's names for the host, port, user, password and database to the names in DATABASES."""


@dataclass(frozen=True, slots=True)
class Database:
    """One database. `entry` is its entry in DATABASES. `label` is its name in messages.

    `entry` contains OPTIONS only if the URL has options, such as sslmode=require. `label` contains no user
    and no password. For SQLite, `url` is None. For a server, `path` is None.
    """

    entry: dict[str, Any] = field(repr=False)
    url: str | None = field(repr=False)
    path: Path | None
    label: str


def resolve_path(text: str, base: Path) -> Path:
    """Return `text` as an absolute path. `~` is expanded, and a relative path starts at `base`.

    If the path cannot be used, raise ValueError with a text that says what was expected.
    """
    if "\0" in text:
        raise ValueError("a path without NUL bytes")
    # A folder called `file:` would be a new, empty hub.
    if "://" in text:
        raise ValueError("a path without a scheme such as file://")
    try:
        return Path(os.path.abspath(base / Path(text).expanduser()))  # noqa: PTH100 - symbolic links stay
    except RuntimeError:
        raise ValueError("a path whose ~ names a home directory that exists") from None


def sqlite_database(text: str, base: Path) -> Database:
    """Return the SQLite database at the path `text`. A relative path starts at `base`.

    If the path cannot be used, raise ValueError with a text that says what was expected.
    """
    # If the hub used a URL as a path, it would start with a new, empty database, and the password would be
    # part of a file name.
    if "://" in text or text.startswith(":memory:"):
        raise ValueError("the path of an SQLite file; a database URL belongs in HUB_DATABASE_URL")
    path = resolve_path(text, base)
    return Database({"ENGINE": SQLITE_ENGINE, "NAME": str(path)}, url=None, path=path, label=str(path))


def database_from_url(url: str, base: Path) -> Database:
    """Return the database at `url`. A relative path of an SQLite file starts at `base`.

    If the URL cannot be used, raise ValueError. The error says what was expected and never repeats the URL.
    """
    if not url.isprintable() or " " in url:
        raise ValueError(_EXPECTED_ENCODED)
    scheme, separator, rest = url.partition("://")
    if separator and scheme.lower() == "sqlite":
        return _sqlite_from_url(rest, base)
    if not separator or scheme.lower() not in _SERVERS:
        raise ValueError(_EXPECTED_URL)
    return _server_from_url(url, _SERVERS[scheme.lower()])


def _sqlite_from_url(rest: str, base: Path) -> Database:
    # django-environ is not used here. It ignores `data` in sqlite://data/hub.db, reads + as a space, and cuts
    # the path at #. If the path is missing, it gives each process a database of its own in memory.
    if not rest.startswith("/") or rest[1:] in {"", ":memory:"} or "?" in rest:
        raise ValueError(_EXPECTED_SQLITE)
    path = Path(unquote(rest[1:]))
    # A person who writes sqlite:///srv/hub.db means /srv. The hub would start with a new database elsewhere.
    if len(path.parts) > 1 and not path.is_absolute() and _means_root(path.parts[0], base):
        raise ValueError(_EXPECTED_SLASHES)
    return sqlite_database(str(path), base)


def _means_root(first: str, base: Path) -> bool:
    """Return whether `first` is a folder in the root folder, and is not in `base`."""
    with contextlib.suppress(OSError, ValueError):
        return Path("/", first).is_dir() and not (base / first).exists()
    return False


def _server_from_url(url: str, kind: str) -> Database:
    from environ import Env

    try:
        parts = urlsplit(url)
        # django-environ reads + as a space even in the path, where + is an ordinary character.
        plain = parts._replace(path=parts.path.replace("+", "%2B")).geturl() if "+" in parts.path else url
        entry: dict[str, Any] = Env.db_url_config(plain)
    except ValueError:
        # django-environ's message quotes the part that it could not read, often half of the password.
        raise ValueError(_EXPECTED_ENCODED) from None
    if _is_torn(parts):
        raise ValueError(_EXPECTED_ENCODED)
    entry |= _socket_folder(parts) | _of_django(entry) | _of_driver(entry)
    if not entry["NAME"]:
        raise ValueError(f"{_EXPECTED_URL}; the name of the database is missing")
    return Database(entry, url=url, path=None, label=_label(kind, entry))


def _socket_folder(parts: SplitResult) -> dict[str, str]:
    """Return a dict with the key HOST if the URL names the folder of a socket as its host.

    For example, postgres://u@%2Frun%2Fpg/db names the folder /run/pg. For another URL, return an empty dict.
    """
    # django-environ does not decode the folder, and makes its letters small.
    host = re.sub(r":[0-9]*\Z", "", parts.netloc.rpartition("@")[2])
    return {"HOST": unquote(host)} if host.lower().startswith("%2f") else {}


def _of_django(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the URL's options for Django, as True or False. Raise ValueError if an option is not valid."""
    # django-environ keeps "false" as a text, which counts as true.
    found = {name: _switch(name, entry[name]) for name in _SWITCHES if name in entry}
    for name, wanted in _REQUIRED.items():
        if found.get(name, wanted) is not wanted:
            raise ValueError(f"{name.lower()}={str(wanted).lower()}, because the hub needs it")
    age = entry.get("CONN_MAX_AGE", 0)
    if not (age is None or (isinstance(age, int) and age >= 0)):
        raise ValueError("conn_max_age= and a number of seconds")
    return found


def _switch(name: str, value: object) -> bool:
    word = str(value).lower()
    if word not in (*_TRUE, *_FALSE):
        raise ValueError(f"{name.lower()}=true or {name.lower()}=false")
    return word in _TRUE


def _of_driver(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the place of the database, if the options of the URL name it: postgres:///db?host=/run/pg."""
    options = dict(entry.get("OPTIONS", {}))
    if entry["ENGINE"] != "django.db.backends.postgresql":
        return {}
    found = {_PLACE[name]: options.pop(name) for name in _PLACE.keys() & options.keys()}
    return {**found, "OPTIONS": options} if found else {}


def _is_torn(parts: SplitResult) -> bool:
    """Return whether the URL was split in the wrong place, because its password contains `/`, `?` or `#`."""
    return "@" in parts.path or "@" in parts.query or bool(parts.path and parts.fragment)


def _label(kind: str, entry: Mapping[str, Any]) -> str:
    host = str(entry["HOST"])
    if ":" in host:
        host = f"[{host}]"
    port = f":{entry['PORT']}" if entry["PORT"] else ""
    return f"{kind}://{quote(host, safe='/:,[]')}{port}/{quote(str(entry['NAME']), safe='')}"
