"""Every write is counted from the first ``migrate`` on, and ``migrate`` restores missing triggers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.databases.postgresql import PostgreSQL
from tests.support.foreign_project import ForeignProject

SQL = """
from django.db import connection


def sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []
"""
FIRST_WRITE = """
from shop.sql import sql
import time
from django.db import transaction
from config_app.api import get_config, start_watching
from config_app.store import read

assert get_config().page_size == 20
start_watching()
time.sleep(1)
with transaction.atomic():  # after the commit, the watcher may record the change before it is read here
    sql("INSERT INTO system_config (config_key, config_value) VALUES ('page_size', '33')")
    assert read().drifted
deadline = time.monotonic() + 30
while get_config().page_size != 33 and time.monotonic() < deadline:
    time.sleep(0.05)
assert get_config().page_size == 33
"""
DAMAGES = {
    "sqlite": (
        "DROP TRIGGER system_config_update_bumps",
        "DROP TRIGGER system_config_update_bumps; CREATE TRIGGER system_config_update_bumps "
        "AFTER UPDATE ON system_config BEGIN SELECT 1; END",
        "DELETE FROM config_state",
    ),
    "postgresql": (
        "DROP TRIGGER system_config_bumps ON system_config",
        "ALTER TABLE system_config DISABLE TRIGGER ALL",
        "ALTER TABLE system_config DISABLE TRIGGER USER; ALTER TABLE config_state DISABLE TRIGGER USER",
        "DROP TRIGGER config_state_notifies ON config_state",
        "DELETE FROM config_state",
    ),
}
CURES = """
from shop.sql import sql
from django.core.management import call_command
from django.db import connection
from config_app.api import plan, reload_config
from config_app.doctor import database
from config_app.presentation.overview import read_overview


def problems():
    checks = [database.direct_writes]
    checks += [database.notifications] if connection.vendor == "postgresql" else []
    return [problem for check in checks for problem in check(read_overview()).problems]


def damage(statements):
    for statement in statements.split("; ") if "BEGIN" not in statements else statements.split("; ", 1):
        sql(statement)


assert problems() == []
for size, statements in enumerate(DAMAGES, 2):
    plan({"page_size": size}).apply()
    damage(statements)
    (problem, *_) = problems()
    table = "config_state" if statements.endswith("config_state") else "system_config"
    assert table in problem.message, problem
    assert problem.fix.startswith("run manage.py migrate, which restores"), problem
    call_command("migrate", verbosity=0)
    assert problems() == [], (statements, problems())
    sql(f"UPDATE system_config SET config_value = '{size + 100}' WHERE config_key = 'page_size'")
    plan({"greeting": f"after damage {size}"}).apply()
    assert reload_config().page_size == size + 100
"""
TWO_WRITERS = """
from shop.sql import sql
import threading
import time
from django.db import connection, transaction
from config_app.api import plan, reload_config
from config_app.store import history

DAMAGE
has_written, errors = threading.Event(), []


def write(changes, wait):
    try:
        with transaction.atomic():
            plan(changes).apply()
            has_written.set()
            wait()
    except BaseException as error:
        errors.append(error)
        has_written.set()
    finally:
        connection.close()


def until_the_other_waits():
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline and not sql("SELECT 1 FROM pg_locks WHERE NOT granted"):
        time.sleep(0.02)


first = threading.Thread(target=write, args=({"page_size": 50}, until_the_other_waits))
second = threading.Thread(target=write, args=({"greeting": "hello"}, lambda: None))
first.start()
has_written.wait()
second.start()
first.join()
second.join()
assert errors == [], errors
assert [revision.number for revision in history()] == [2, 1]
assert (reload_config().page_size, reload_config().greeting) == (50, "hello")
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def fresh(vendor: str, tmp_path: Path, request: pytest.FixtureRequest) -> ForeignProject:
    """Return a migrated project with an unused database."""
    url = ""
    if vendor == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql_server")
        url = server.new_database()
    project = ForeignProject(tmp_path / "project", database_url=url)
    project.write("shop/sql.py", SQL)
    project.migrate()
    return project


def test_sql_before_the_first_write_is_noticed(fresh: ForeignProject) -> None:
    assert fresh.says(FIRST_WRITE) == ""


def test_what_doctor_says_about_the_triggers_is_right_and_its_cure_cures(
    fresh: ForeignProject, vendor: str
) -> None:
    assert fresh.says(f"DAMAGES = {DAMAGES[vendor]}\n" + CURES) == ""


@pytest.mark.parametrize("damage", ["", 'sql("DELETE FROM config_state")'], ids=["fresh", "without the row"])
@pytest.mark.parametrize("vendor", ["postgresql"], indirect=True)
def test_two_first_writers_do_not_collide(fresh: ForeignProject, damage: str) -> None:
    assert fresh.says(TWO_WRITERS.replace("DAMAGE", damage)) == ""
