"""A project can begin the names of its tables with a prefix, and two prefixes can share a database (E13)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.databases.postgresql import PostgreSQL
from tests.support.every_use import ANOTHER_PROCESS, EVERY_USE
from tests.support.foreign_project import ForeignProject
from tests.support.soak import one_of

NAMES = """
from django.db import connection
from config_app.database.names import PREFIX

with connection.cursor() as cursor:
    if connection.vendor == "sqlite":
        cursor.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
    else:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " UNION SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
            " UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " UNION SELECT conname FROM pg_constraint WHERE conname ~ 'config_(process|change|confirm)'"
        )
    names = [name for (name,) in cursor.fetchall() if "config_" in name and "config_app" not in name]
print(len(names), *(name for name in names if not name.startswith(PREFIX[:20] or "?")))
"""
RAW_SQL = """
from django.db import connection
from config_app.api import reload_config
from config_app.store import history

with connection.cursor() as cursor:
    cursor.execute("INSERT INTO shop_system_config (config_key, config_value) VALUES ('page_size', '44')")
print(reload_config().page_size)
"""
SOUND = """
from django.core.management import call_command

call_command("makemigrations", "--check", "--dry-run", verbosity=0)
call_command("check", fail_level="WARNING")
"""
"""Fails if a migration is missing, or if a check has a warning."""
LISTENING = """
import django
django.setup()
from django.db import connection
from config_app.store.triggers import CHANNEL

assert CHANNEL == "a_config_app"
connection.ensure_connection()
server = connection.connection
server.execute("LISTEN a_config_app")
server.execute("LISTEN b_config_app")
print("listens", flush=True)
for _ in range(2):
    heard = {notification.channel for notification in server.notifies(timeout=20, stop_after=1)}
    heard |= {notification.channel for notification in server.notifies(timeout=0.3)}
    print(*heard, flush=True)
"""
VALUES = """
from config_app.api import get_config
from config_app.store import history
print(get_config().page_size, get_config().token and get_config().token.reveal(), len(history()))
"""
HEALTHY = """
from io import StringIO
from django.core.management import call_command

call_command("config", "doctor", stdout=StringIO())
call_command("migrate", check_unapplied=True, verbosity=0)
"""
"""Fails if the doctor finds a problem or a migration is not applied."""


def prefix(text: str) -> str:
    return f'CONFIG_APP["TABLE_PREFIX"] = "{text}"'


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_project(request: pytest.FixtureRequest, tmp_path: Path) -> ForeignProject:
    """Return a project whose database has no tables yet."""
    url = ""
    if request.param == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql_server")
        url = server.new_database()
    return ForeignProject(tmp_path / "project", database_url=url)


@one_of("empty_project", "postgresql", "sqlite")
def test_everything_works_with_a_prefix(empty_project: ForeignProject) -> None:
    empty_project.add_settings(prefix("shop_"))
    empty_project.migrate()
    assert empty_project.says(ANOTHER_PROCESS) == "30 [(30, 0)]"
    assert empty_project.manage("config", "unset", "page_size").returncode == 0
    assert empty_project.says(RAW_SQL) == "44"
    found, *without_prefix = empty_project.says(NAMES).split()
    assert int(found) >= 7 + 2 + 3  # tables, indexes, triggers
    assert without_prefix == []
    empty_project.says(SOUND)
    assert empty_project.manage("migrate", "config_app", "zero").returncode == 0
    empty_project.migrate()
    assert empty_project.says(EVERY_USE) == ""


@pytest.mark.parametrize("empty_project", ["postgresql"], indirect=True)  # SQLite's names may have any length
def test_the_longest_prefix_works(empty_project: ForeignProject) -> None:
    empty_project.add_settings(prefix("a_prefix_as_long_as_it_may_be_"))
    empty_project.migrate()
    assert empty_project.says(EVERY_USE) == ""
    assert len(empty_project.says(NAMES).split()) == 1
    empty_project.says(SOUND)


def test_without_a_prefix_no_name_changes(project: ForeignProject) -> None:
    done = project.manage("makemigrations", "--check", "--dry-run")
    assert done.returncode == 0, done.stdout
    project.add_settings('CONFIG_APP["TABLE_PREFIX"] = ""')
    assert project.says(EVERY_USE) == ""


@one_of("empty_project", "postgresql", "sqlite")
def test_two_prefixes_share_a_database(empty_project: ForeignProject) -> None:
    for name in "ab":
        empty_project.write(f"{name}_settings.py", f"from shop_settings import *\n{prefix(f'{name}_')}")
        empty_project.use_settings(f"{name}_settings")
        empty_project.migrate()
    for name, value in (("a", "30"), ("b", "40"), ("a", "50")):
        changes = (f"page_size={value}", f"token=of-{name}")
        empty_project.use_settings(f"{name}_settings")
        done = empty_project.manage("config", "set", *changes)
        assert done.returncode == 0, done.stderr
    for name, values in (("a", "50 of-a 2"), ("b", "40 of-b 1")):
        empty_project.use_settings(f"{name}_settings")
        assert empty_project.says(VALUES + HEALTHY) == values


def test_a_prefix_that_is_added_later_makes_new_tables(project: ForeignProject) -> None:
    assert project.manage("config", "set", "page_size", "30").returncode == 0
    project.add_settings(prefix("shop_"))
    project.migrate()
    assert project.says(VALUES) == "20 None 0"
    project.add_settings('CONFIG_APP["TABLE_PREFIX"] = ""')
    assert project.says(VALUES) == "30 None 1"


@one_of("empty_project", "sqlite", "postgresql")
def test_a_project_without_prefix_that_comes_second_is_told_what_to_do(empty_project: ForeignProject) -> None:
    empty_project.add_settings(prefix("shop_"))
    empty_project.migrate()
    empty_project.add_settings('CONFIG_APP["TABLE_PREFIX"] = ""')
    refused = empty_project.manage("migrate")
    cure = "run manage.py migrate config_app zero --fake and then manage.py migrate\n"
    assert refused.stderr.endswith(cure), refused.stderr
    assert empty_project.manage("migrate", "config_app", "zero", "--fake").returncode == 0
    empty_project.migrate()
    assert empty_project.says(EVERY_USE) == ""


def test_two_prefixes_share_no_notification(tmp_path: Path, postgresql_server: PostgreSQL) -> None:
    project = ForeignProject(tmp_path / "project", database_url=postgresql_server.new_database())
    for name in "ab":
        project.write(f"{name}_settings.py", f"from shop_settings import *\n{prefix(f'{name}_')}")
        project.use_settings(f"{name}_settings")
        project.migrate()
    project.use_settings("a_settings")
    with project.start("-c", LISTENING) as listener:
        assert listener.stdout.readline() == "listens\n"
        for name in "ba":
            project.use_settings(f"{name}_settings")
            assert project.manage("config", "set", "page_size", "33").returncode == 0
            assert listener.stdout.readline() == f"{name}_config_app\n"
