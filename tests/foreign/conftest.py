"""Fixtures for a project that is not the hub, for tests of the engine alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.databases.postgresql import PostgreSQL
from tests.support.foreign_project import ForeignProject
from tests.support.soak import IS_SOAK


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an SQLite file that has the tables; a copy of it is quicker than a migration."""
    found = ForeignProject(tmp_path_factory.mktemp("migrated") / "project")
    found.migrate()
    return found.database


@pytest.fixture(scope="session")
def migrated_on_postgresql(tmp_path_factory: pytest.TempPathFactory, postgresql_server: PostgreSQL) -> str:
    """Return the URL of a PostgreSQL database that has the tables."""
    url = postgresql_server.new_database()
    ForeignProject(tmp_path_factory.mktemp("migrated") / "project", database_url=url).migrate()
    return url


@pytest.fixture
def project(tmp_path: Path, migrated: Path) -> ForeignProject:
    """Return a migrated project on SQLite."""
    found = ForeignProject(tmp_path / "project")
    shutil.copy(migrated, found.database)
    return found


@pytest.fixture
def postgresql_project(
    tmp_path: Path, postgresql_server: PostgreSQL, migrated_on_postgresql: str
) -> ForeignProject:
    """Return a migrated project on PostgreSQL."""
    url = postgresql_server.copy_of(migrated_on_postgresql)
    return ForeignProject(tmp_path / "project", database_url=url)


ON_ANOTHER_ALIAS = 'CONFIG_APP["DATABASE"] = "config"'


@pytest.fixture(scope="session")
def migrated_on_another_alias(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a migrated project whose configuration is in another database than the default."""
    folder = tmp_path_factory.mktemp("migrated") / "project"
    found = ForeignProject(folder, settings=ON_ANOTHER_ALIAS, more_databases={"config": ""})
    found.migrate("default", "config")
    return folder


@pytest.fixture(scope="session")
def migrated_on_another_server(
    tmp_path_factory: pytest.TempPathFactory, postgresql_server: PostgreSQL
) -> tuple[Path, str]:
    """Return the same as above, and the URL of the PostgreSQL database that holds the configuration."""
    folder, url = tmp_path_factory.mktemp("migrated") / "project", postgresql_server.new_database()
    found = ForeignProject(folder, settings=ON_ANOTHER_ALIAS, more_databases={"config": url})
    found.migrate("default", "config")
    return folder, url


@pytest.fixture(params=["sqlite", "postgresql"])
def project_on_another_alias(request: pytest.FixtureRequest, tmp_path: Path) -> ForeignProject:
    """Return a migrated project whose default database is in SQLite and has no table of the configuration."""
    if request.param == "sqlite":
        folder, url = request.getfixturevalue("migrated_on_another_alias"), ""
    else:
        folder, template = request.getfixturevalue("migrated_on_another_server")
        url = request.getfixturevalue("postgresql_server").copy_of(template)
    shutil.copytree(folder, tmp_path / "project")
    return ForeignProject(tmp_path / "project", settings=ON_ANOTHER_ALIAS, more_databases={"config": url})


@pytest.fixture(params=["sqlite", "postgresql"])
def any_project(request: pytest.FixtureRequest) -> ForeignProject:
    """Return a migrated project; the test runs on SQLite and on PostgreSQL."""
    name = "project" if request.param == "sqlite" else "postgresql_project"
    found: ForeignProject = request.getfixturevalue(name)
    return found


@pytest.fixture
def interpreters_in_soak(request: pytest.FixtureRequest) -> None:
    """Start a new interpreter for each process of the project in ``make soak``, and forks otherwise."""
    name = "any_project" if "any_project" in request.fixturenames else "project"
    request.getfixturevalue(name).is_forked = not IS_SOAK
