"""Hubs that were claimed once in local mode, and copies of them, which are quicker than another claim."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes.hub_process import HubProcess


@pytest.fixture(scope="session")
def claimed_once(started_once: HubProcess, tmp_path_factory: pytest.TempPathFactory) -> HubProcess:
    """Give a claimed hub on SQLite that is not served."""
    hub = copy_of(started_once, tmp_path_factory.mktemp("claimed"))
    hub.claim()
    return hub


@pytest.fixture(scope="session")
def started_once_on_postgresql(
    postgresql_server: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> HubProcess:
    """Give a hub on PostgreSQL that is neither claimed nor served."""
    url = postgresql_server.new_database()
    hub = HubProcess(tmp_path_factory.mktemp("started"), database_url=url)
    hub.manage("bootstrap")
    return hub


@pytest.fixture(scope="session")
def claimed_once_on_postgresql(
    started_once_on_postgresql: HubProcess,
    postgresql_server: PostgreSQL,
    tmp_path_factory: pytest.TempPathFactory,
) -> HubProcess:
    """Give a claimed hub on PostgreSQL that is not served."""
    hub = copy_of(started_once_on_postgresql, tmp_path_factory.mktemp("claimed"), postgresql_server)
    hub.claim()
    return hub


@pytest.fixture
def claimed_hub(claimed_once: HubProcess, tmp_path: Path) -> Iterator[HubProcess]:
    """Give a claimed hub on SQLite, for a test to serve and change."""
    hub = copy_of(claimed_once, tmp_path / "hub")
    yield hub
    hub.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_claimed_hub(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HubProcess]:
    """Give a hub as ``claimed_hub`` does, on SQLite and on PostgreSQL."""
    hub = copy(request, "claimed_once", request.param, tmp_path / "hub")
    yield hub
    hub.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_started_hub(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HubProcess]:
    """Give a hub that was started but not claimed, on SQLite and on PostgreSQL."""
    hub = copy(request, "started_once", request.param, tmp_path / "hub")
    yield hub
    hub.stop()


@pytest.fixture(scope="session")
def served_once(claimed_once: HubProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """Give a claimed and served hub that several modules share, on SQLite; see ``left_as_it_was``."""
    hub = copy_of(claimed_once, tmp_path_factory.mktemp("served"))
    hub.serve(workers=2)
    yield hub
    hub.stop()


@contextlib.contextmanager
def left_as_it_was(hub: HubProcess) -> Iterator[HubProcess]:
    """Roll the hub back afterwards to the configuration that it has now."""
    before = last_revision(hub)
    yield hub
    if last_revision(hub) != before:
        hub.config("rollback", str(before), "--wait")


def last_revision(hub: HubProcess) -> int:
    """Return the number of the newest revision."""
    return int(hub.sql("SELECT max(number) FROM config_revision")[0][0])


def copy(request: pytest.FixtureRequest, original: str, vendor: str, folder: Path) -> HubProcess:
    """Return a copy of the hub that the fixture ``original`` gives, on SQLite or on PostgreSQL."""
    if vendor == "sqlite":
        return copy_of(request.getfixturevalue(original), folder)
    server = request.getfixturevalue("postgresql_server")
    return copy_of(request.getfixturevalue(f"{original}_on_postgresql"), folder, server)


def copy_of(original: HubProcess, folder: Path, server: PostgreSQL | None = None) -> HubProcess:
    """Return a copy of a hub that is not served, on PostgreSQL with a copy of its database."""
    url = server.copy_of(original.database_url) if server and original.database_url else None
    shutil.copytree(original.data_dir, folder / "data")
    return HubProcess(folder, database_url=url)
