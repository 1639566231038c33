"""``migrate`` creates tables in the database of the configuration only, and reports missing ones (E13)."""

from __future__ import annotations

from pathlib import Path

from tests.foreign.conftest import ON_ANOTHER_ALIAS
from tests.support.foreign_project import ForeignProject
from tests.support.soak import one_of

TABLES = """
from django.db import connections

for alias in ("default", "config"):
    connection = connections[alias]
    names = [name for name in connection.introspection.table_names() if name[:6] in ("config", "system")]
    with connection.cursor() as cursor:
        trigger = "sqlite_master WHERE type = 'trigger'"
        trigger = "pg_trigger WHERE NOT tgisinternal" if connection.vendor == "postgresql" else trigger
        cursor.execute(f"SELECT count(*) FROM {trigger}")
        print(alias, bool(names), cursor.fetchone()[0])
"""
TWO_RECEIPTS = """
from config_app.models import Process
from django.db.models.functions import Now

times = {name: Now() for name in ("since", "started_at", "seen_at")}
for instance in ("a", "b"):
    Process.objects.create(machine="m", pid=1, instance=instance, role="test", revision=0, **times)
assert Process.objects.using("config").count() == 2
"""
DATABASE = "--database=config"


def test_only_one_database_has_the_tables_and_triggers(project_on_another_alias: ForeignProject) -> None:
    triggers = 2 if "postgres" in (project_on_another_alias.folder / "shop_settings.py").read_text() else 3
    assert project_on_another_alias.says(TABLES).splitlines() == [
        "default False 0",
        f"config True {triggers}",
    ]


def test_another_database_of_a_project_gets_no_tables_and_no_triggers(project: ForeignProject) -> None:
    project.add_settings('DATABASES["config"] = {**DATABASES["default"], "NAME": FOLDER / "config.db"}')
    project.migrate("config")
    assert project.says(TABLES).splitlines() == ["default True 3", "config False 0"]


def test_without_its_tables_the_error_names_the_database_to_migrate(tmp_path: Path) -> None:
    project = ForeignProject(tmp_path / "project", settings=ON_ANOTHER_ALIAS, more_databases={"config": ""})
    project.migrate()
    done = project.manage("config", "set", "page_size", "30")
    assert done.returncode == 1
    assert "run manage.py migrate --database=config to bring the tables up to date" in done.stderr
    project.migrate("config")
    assert project.manage("config", "set", "page_size", "30").returncode == 0


def test_migrations_that_are_only_recorded_are_reported_with_a_cure(tmp_path: Path) -> None:
    project = ForeignProject(tmp_path / "project", more_databases={"config": ""})
    project.migrate("default", "config")  # records the migrations there, without tables
    project.add_settings(ON_ANOTHER_ALIAS)
    refused = project.manage("migrate", "--database=config")
    assert refused.returncode == 1
    assert refused.stderr.startswith(
        "TablesMissing: the migrations of config_app are recorded in the database 'config' as applied, "
        "but there is no table config_"
    )
    cure = f"manage.py migrate config_app zero --fake {DATABASE} and then manage.py migrate {DATABASE}"
    assert refused.stderr.endswith(f"; run {cure}\n"), refused.stderr
    assert "Traceback" not in refused.stderr
    for command in cure.split(" and then "):
        done = project.manage(*command.split()[1:])
        assert done.returncode == 0, done.stderr
    assert project.manage("config", "set", "page_size", "30").returncode == 0


@one_of("project_on_another_alias", "postgresql", "sqlite")
def test_migrations_go_backward_and_forward_again(project_on_another_alias: ForeignProject) -> None:
    # Migration 0004 deletes the receipts when it is reversed, because these two would not be unique any more.
    project_on_another_alias.says(TWO_RECEIPTS)
    for target in ("0003", "zero", "0007"):
        done = project_on_another_alias.manage("migrate", "config_app", target, "--database=config")
        assert done.returncode == 0, done.stderr
    assert project_on_another_alias.manage("config", "set", "page_size", "30").returncode == 0


@one_of("project_on_another_alias", "sqlite", "postgresql")
def test_data_is_dumped_from_the_database_of_the_configuration_only(
    project_on_another_alias: ForeignProject,
) -> None:
    project_on_another_alias.says('from config_app.api import plan; plan({"page_size": 30}).apply()')
    dumps = [
        project_on_another_alias.manage("dumpdata", "config_app", f"--database={alias}")
        for alias in ("default", "config")
    ]
    assert [(done.returncode, '"page_size"' in done.stdout) for done in dumps] == [(0, False), (0, True)]
