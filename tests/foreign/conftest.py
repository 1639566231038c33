"""A project that is not the hub, for tests of the engine alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.foreign_project import ForeignProject


@pytest.fixture
def project(tmp_path: Path) -> ForeignProject:
    """Return a migrated project on SQLite."""
    found = ForeignProject(tmp_path / "project")
    found.migrate()
    return found
