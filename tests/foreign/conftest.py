"""Fixtures for a project that is not the hub, for tests of the engine alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.databases.postgresql import PostgreSQL
from tests.support.foreign_project import ForeignProject


@pytest.fixture
def project(tmp_path: Path) -> ForeignProject:
    """Return a migrated project on SQLite."""
    found = ForeignProject(tmp_path / "project")
    found.migrate()
    return found


@pytest.fixture
def postgresql_project(tmp_path: Path, postgresql_server: PostgreSQL) -> ForeignProject:
    """Return a migrated project on PostgreSQL."""
    found = ForeignProject(tmp_path / "project", database_url=postgresql_server.new_database())
    found.migrate()
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def any_project(request: pytest.FixtureRequest) -> ForeignProject:
    """Return a migrated project; the test runs on SQLite and on PostgreSQL."""
    name = "project" if request.param == "sqlite" else "postgresql_project"
    found: ForeignProject = request.getfixturevalue(name)
    return found
