"""Hubs that were started once in a test run. Tests copy them, which is quicker than a first start."""

from __future__ import annotations

import contextlib
import functools
import itertools
import secrets
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import psycopg

from hub.database.location import database_from_url
from tests.support.databases.postgresql import create
from tests.support.process_environment import DATA_DIR, OURS

if TYPE_CHECKING:
    from tests.support.processes.hub_process import HubProcess

State = Callable[["HubProcess"], object]
WHERE_IT_IS = ("HUB_DATA_DIR", "HUB_ENV_FILE", "HUB_DATABASE_URL")
"""Environment variables that every hub of the tests has."""

_numbers = itertools.count(1)


def can_copy(hub: HubProcess) -> bool:
    """Return whether a copy would equal a first start: no files yet, and only the usual variables."""
    places = dict(zip(WHERE_IT_IS, (hub.data_dir, hub.env_file, hub.database_url), strict=True))
    said = {name: value for name, value in hub.environment.items() if name.startswith(OURS)}
    usual = {name: str(place) for name, place in places.items() if place}
    return said == usual and not hub.data_dir.exists() and hub.env_file.stat().st_size == 0


def copy(state: State, hub: HubProcess) -> None:
    """Make ``hub`` a copy of a hub on which ``state`` was run; the hub's database must be empty."""
    server, _, name = (hub.database_url or "").rpartition("/")
    kind: Callable[..., HubProcess] = type(hub)
    original = _original(state, kind, server)
    shutil.copytree(original.data_dir, hub.data_dir)
    if original.database_url is not None:
        template = original.database_url.rpartition("/")[2]
        with _administration(server) as connection:
            connection.execute(f"DROP DATABASE {name}".encode())
            create(connection, name, template)
            # Copied sequences rely on a log entry of the original. Without a checkpoint, a crash loses it.
            connection.execute("CHECKPOINT")
    _note_where_it_is(hub)


def can_copy_tables(hub: HubProcess) -> bool:
    """Return whether the hub will create an SQLite file in a data directory that does not exist yet."""
    is_elsewhere = hub.environment.keys() & {"HUB_DATABASE_URL", "HUB_DATABASE_PATH"}
    return (
        not is_elsewhere
        and hub.environment["HUB_DATA_DIR"] == str(hub.data_dir)
        and not hub.data_dir.exists()
    )


def copy_tables(hub: HubProcess) -> None:
    """Give a hub on SQLite a copy of a database that was migrated and nothing else."""
    kind: Callable[..., HubProcess] = type(hub)
    shutil.copytree(_original(_create_tables, kind, "").data_dir, hub.data_dir)


@functools.cache
def _original(state: State, kind: Callable[..., HubProcess], server: str) -> HubProcess:
    number = next(_numbers)
    url = None
    if server:
        url = f"{server}/original{number}"
        with _administration(server) as connection:
            create(connection, f"original{number}")
    hub = kind(DATA_DIR / "originals" / str(number), database_url=url)
    if not server and state is not _create_tables:
        copy_tables(hub)
    state(hub)
    return hub


def _create_tables(hub: HubProcess) -> None:
    hub.data_dir.mkdir(0o700)
    hub.database.touch(0o600)
    hub.manage("migrate", "-v", "0")


@contextlib.contextmanager
def _administration(server: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        yield connection


def _note_where_it_is(hub: HubProcess) -> None:
    """Write a copied database's own address and id into it, without counting that as a change."""
    url = hub.database_url
    label = database_from_url(url, DATA_DIR).label if url else str(hub.database)
    ((version,),) = hub.sql("SELECT version FROM config_state")
    hub.sql(f"UPDATE system_config SET config_value = '{label}' WHERE config_key = 'database_path'")  # noqa: S608
    hub.sql(f"UPDATE config_change SET new_value = '{label}' WHERE key = 'database_path'")  # noqa: S608
    own = secrets.token_hex(4)
    hub.sql(f"UPDATE system_config SET config_value = '{own}' WHERE config_key = 'install_id'")  # noqa: S608
    hub.sql(f"UPDATE config_change SET new_value = '{own}' WHERE key = 'install_id'")  # noqa: S608
    hub.sql(f"UPDATE config_state SET version = {version}")  # noqa: S608
