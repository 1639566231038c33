"""No router of a project decides where the configuration is (E13)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.databases.postgresql import PostgreSQL
from tests.support.every_use import ANOTHER_PROCESS, EVERY_USE
from tests.support.foreign_project import ForeignProject
from tests.support.soak import one_of

ROUTERS = """
class Router:
    reads, writes = None, None

    def db_for_read(self, model, **hints):
        return self.reads if model._meta.app_label == "config_app" else None

    def db_for_write(self, model, **hints):
        return self.writes if model._meta.app_label == "config_app" else None


class ReadsFromReplica(Router):
    reads = "replica"


class Nowhere(Router):
    reads = writes = "nowhere"
"""
NOWHERE = """
DATABASES["nowhere"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": "/nonexistent/nowhere.db"}
DATABASE_ROUTERS = ["shop.routers.Nowhere"]
"""
IN_THE_DEFAULT_DATABASE = """
from django.db import connection
print(*sorted(name for name in connection.introspection.table_names() if "config" in name))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def project_with_replica(request: pytest.FixtureRequest, tmp_path: Path) -> ForeignProject:
    """Return a project whose router sends all reads to a replica, which is years behind."""
    url = replica = ""
    if request.param == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql_server")
        template = request.getfixturevalue("migrated_on_postgresql")
        url, replica = server.copy_of(template), server.copy_of(template)
    project = ForeignProject(
        tmp_path / "project",
        settings='DATABASE_ROUTERS = ["shop.routers.ReadsFromReplica"]',
        database_url=url,
        more_databases={"replica": replica},
    )
    if not url:
        for name in ("shop.db", "replica.db"):
            shutil.copy(request.getfixturevalue("migrated"), project.folder / name)
    project.write("shop/routers.py", ROUTERS)
    return project


@one_of("project_with_replica", "postgresql", "sqlite")
def test_a_replica_is_never_read(project_with_replica: ForeignProject) -> None:
    assert project_with_replica.says(EVERY_USE) == ""


@one_of("any_project", "sqlite", "postgresql")
def test_no_router_is_followed(any_project: ForeignProject) -> None:
    any_project.write("shop/routers.py", ROUTERS)
    any_project.add_settings(NOWHERE)
    assert any_project.says(EVERY_USE) == ""


@one_of("project_on_another_alias", "sqlite", "postgresql")
def test_everything_works_in_another_database(project_on_another_alias: ForeignProject) -> None:
    assert project_on_another_alias.says(EVERY_USE) == ""
    assert project_on_another_alias.says(IN_THE_DEFAULT_DATABASE) == ""


@one_of("project_on_another_alias", "postgresql", "sqlite")
def test_a_process_notices_changes_in_another_database(project_on_another_alias: ForeignProject) -> None:
    assert project_on_another_alias.says(ANOTHER_PROCESS) == "30 [(30, 0)]"
    assert project_on_another_alias.says(IN_THE_DEFAULT_DATABASE) == ""
