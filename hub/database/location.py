"""Turn the path or the URL of a database into an entry of Django's DATABASES."""

from __future__ import annotations

import os
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
_EXPECTED_ENCODED: Final = (
    "a database URL without spaces, in which each / ? # @ % of the user name, the password or the database"
    " name is percent-encoded"
)


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
    return sqlite_database(unquote(rest[1:]), base)


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
    if not entry["NAME"]:
        raise ValueError(f"{_EXPECTED_URL}; the name of the database is missing")
    return Database(entry, url=url, path=None, label=_label(kind, entry))


def _is_torn(parts: SplitResult) -> bool:
    """Return whether the URL was split in the wrong place, because its password contains `/`, `?` or `#`."""
    return "@" in parts.path or "@" in parts.query or bool(parts.path and parts.fragment)


def _label(kind: str, entry: Mapping[str, Any]) -> str:
    host = str(entry["HOST"])
    if ":" in host:
        host = f"[{host}]"
    port = f":{entry['PORT']}" if entry["PORT"] else ""
    return f"{kind}://{quote(host, safe='/:,[]')}{port}/{quote(str(entry['NAME']), safe='')}"
