"""The engine inside a caller's transaction, and clear errors when the database refuses an operation."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.support.databases.postgresql import PostgreSQL
from tests.support.foreign_project import ForeignProject

LOCK_TIMEOUT = """
from django.db import connection, transaction

from config_app.api import plan, plan_rollback
from config_app.change import confirmation
from config_app.change.reset import reset
from config_app.errors import ConfigError


def sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def refused():
    try:
        plan({"page_size": 1}, base_revision=99)
    except ConfigError:
        pass
    drawn = plan({"page_size": 77})
    plan({"page_size": 78}).apply()
    with transaction.atomic():
        stale = plan({"page_size": 79}, base_revision=drawn.revision + 1)
        plan({"page_size": 80}).apply()
        try:
            stale.apply()
        except ConfigError as error:
            assert "expected the configuration at revision" in str(error), error
        else:
            raise AssertionError


def nested():
    with transaction.atomic():
        plan({"greeting": "nested"}).apply()
        assert sql("SHOW lock_timeout") == limit


actions = [
    lambda: plan({"page_size": 31}).apply(),
    lambda: plan({"page_size": 31}).apply(),
    lambda: plan({"token": "secret"}).apply(confirm_within=60),
    lambda: confirmation.confirm(2),
    lambda: plan({"page_size": 32}).apply(confirm_within=60),
    lambda: confirmation.revert(3, actor=None),
    lambda: plan_rollback(1).apply(),
    refused,
    nested,
    lambda: reset(),
]
for limit in ("0", "7s"):
    for action in actions if limit == "0" else [actions[0], refused, nested]:
        with transaction.atomic():
            if limit != "0":
                sql(f"SET LOCAL lock_timeout = '{limit}'")
            action()
            assert sql("SHOW lock_timeout") == limit, (action, sql("SHOW lock_timeout"))
    assert sql("SHOW lock_timeout") == "0"

connection.set_autocommit(False)
sql("SET LOCAL lock_timeout = '9s'")
plan({"page_size": 90}).apply()
assert sql("SHOW lock_timeout") == "9s"
connection.commit()
connection.set_autocommit(True)
plan({"page_size": 91}).apply()
assert sql("SHOW lock_timeout") == "0"
"""
ORIGINS = """
from django.db import transaction
from config_app.api import get_config, plan
from config_app.change import confirmation
from config_app.errors import ConfigError, DatabaseUnavailable
from config_app.store import history

long = "x" * 300
WRONG = [
    ({"actor": long}, "the actor of a change: expected at most 254 characters, not 300"),
    ({"channel": long}, "the channel of a change: expected at most 20 characters, not 300"),
    ({"address": long}, "the address of a change: expected at most 64 characters, not 300"),
    ({"reason": "a\\0b"}, "the reason of a change: expected text without NUL characters"),
    ({"actor": "a\\0b"}, "the actor of a change: expected text without NUL characters"),
    ({"reason": "\\ud800"}, "the reason of a change: expected valid Unicode text"),
    ({"reason": None}, "the reason of a change: expected text, not NoneType"),
]
for options, expected in WRONG:
    with transaction.atomic():
        try:
            plan({"page_size": 50}).apply(**options)
        except ConfigError as error:
            assert str(error) == expected, error
            assert not isinstance(error, DatabaseUnavailable)
        else:
            raise AssertionError(expected)
        assert history() == []
plan({"page_size": 50}).apply(reason=long * 10, confirm_within=60)
for options in ({"actor": long}, {"reason": "a\\0b"}):
    try:
        confirmation.confirm(1, **options)
    except ConfigError as error:
        assert str(error).startswith("the "), error
    else:
        raise AssertionError(options)
for text in ("a\\0b", "\\ud800"):
    try:
        plan({"greeting": text}).apply()
    except ConfigError as error:
        assert not isinstance(error, DatabaseUnavailable), error
    else:
        raise AssertionError(text)
assert len(history()) == 1
"""
CONFLICTS = """
import threading
from django.db import connection, transaction
from config_app.api import plan, reload_config
from config_app.errors import ConfigError, DatabaseUnavailable
from config_app.store import history


def elsewhere(changes):
    def write():
        plan(changes).apply()
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()


def message(change):
    try:
        with transaction.atomic():
            change()
    except ConfigError as error:
        assert isinstance(error, DatabaseUnavailable)  # worth another attempt
        return str(error)
    raise AssertionError


def conflict():
    assert history() == []  # the read view begins
    elsewhere({"page_size": 50})
    plan({"greeting": "hello"}).apply()


CURE = "roll the whole transaction back, then try again"
WHY = "nothing was written, because another transaction changed the same data at the same time"
found = message(conflict)
assert found == f"{WHY}; {CURE}", found


"""
BROKEN = (
    CONFLICTS
    + """
def broken():
    with connection.cursor() as cursor:
        try:
            cursor.execute("SELECT nonsense")
        except Exception:
            pass
    plan({"greeting": "hello"}).apply()


def needs_rollback():
    try:
        with transaction.atomic(savepoint=False):
            raise ValueError
    except ValueError:
        pass
    plan({"greeting": "hello"}).apply()


for change in (broken, needs_rollback):
    found = message(change)
    assert found == f"an earlier error has broken this transaction; {CURE}", found
assert (reload_config().page_size, reload_config().greeting, len(history())) == (50, "Welcome", 1)
"""
)
LACKING_CHARACTERS = """
from config_app.api import get_config, plan
from config_app.errors import ConfigError, DatabaseUnavailable

plan({"greeting": "très bien"}).apply(reason="déjà vu")
for changes, reason in (({"greeting": "→ 5 €"}, ""), ({"page_size": 50}, "日本")):
    try:
        plan(changes).apply(reason=reason)
    except ConfigError as error:
        assert not isinstance(error, DatabaseUnavailable)
        assert str(error) == (
            "the database cannot store a text of this change: "
            "the encoding LATIN1 of the database lacks a character; "
            "use a database with the encoding UTF8, or replace this character"
        ), error
    else:
        raise AssertionError(changes)
assert get_config().greeting == "très bien"
"""


NO_RIGHTS = """
from django.db import connection
from config_app import store
from config_app.api import plan
from config_app.errors import ConfigError

drawn = plan({"page_size": 50})
with connection.cursor() as cursor:
    cursor.execute("CREATE ROLE powerless")
    cursor.execute("SET ROLE powerless")
for act in (store.read, drawn.apply):
    try:
        act()
    except ConfigError as error:
        assert "permission denied for table" in str(error), error
        assert error.fix == "give the database user the rights to read and write the tables", error
    else:
        raise AssertionError(act)
with connection.cursor() as cursor:
    cursor.execute("RESET ROLE")
    cursor.execute("DROP ROLE powerless")
"""


def test_the_limit_of_a_write_ends_with_it(tmp_path: Path, postgresql_server: PostgreSQL) -> None:
    project = ForeignProject(tmp_path / "project", database_url=postgresql_server.new_database())
    project.migrate()
    assert project.says(LOCK_TIMEOUT) == ""


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_a_text_that_the_history_cannot_store_is_named(
    tmp_path: Path, vendor: str, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue("postgresql_server") if vendor == "postgresql" else None
    project = ForeignProject(tmp_path / "project", database_url=server.new_database() if server else "")
    project.migrate()
    assert project.says(ORIGINS) == ""


def test_conflicts_between_transactions_are_named(tmp_path: Path, postgresql_server: PostgreSQL) -> None:
    settings = """
    from django.db.backends.postgresql.psycopg_any import IsolationLevel
    DATABASES["default"]["OPTIONS"] = {"isolation_level": IsolationLevel.REPEATABLE_READ}
    """
    url = postgresql_server.new_database()
    project = ForeignProject(tmp_path / "project", settings=settings, database_url=url)
    project.migrate()
    assert project.says(BROKEN) == ""


def test_a_read_view_that_is_too_old_to_write_is_named_on_sqlite_too(tmp_path: Path) -> None:
    settings = """
    DATABASES["default"]["OPTIONS"] = {"init_command": "PRAGMA journal_mode=wal"}
    """
    project = ForeignProject(tmp_path / "project", settings=settings)
    project.migrate()
    assert project.says(CONFLICTS) == ""


def test_characters_that_the_database_lacks_are_named(tmp_path: Path, postgresql_server: PostgreSQL) -> None:
    with psycopg.connect(postgresql_server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    project = ForeignProject(tmp_path / "project", database_url=postgresql_server.url("latin"))
    project.migrate()
    assert project.says(LACKING_CHARACTERS) == ""


def test_missing_rights_are_no_missing_migration(tmp_path: Path, postgresql_server: PostgreSQL) -> None:
    project = ForeignProject(tmp_path / "project", database_url=postgresql_server.new_database())
    project.migrate()
    assert project.says(NO_RIGHTS) == ""
