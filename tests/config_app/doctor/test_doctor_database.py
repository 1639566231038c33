"""Problems that the doctor finds in the database: kind, damage, triggers, notifications, journal, schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.db import connection

from tests.support.config_command import sql
from tests.support.databases.pgbouncer import pooled
from tests.support.databases.postgresql import PostgreSQL
from tests.support.doctor_findings import fact, facts_of, findings, line_of
from tests.support.processes.hub_process import HubProcess

OLD, FIXED = (3, 40, 1), (3, 51, 3)


@pytest.fixture
def own_connection(transactional_db: None, install: None) -> Iterator[None]:
    """Give a new connection to the test database, for this test only."""
    connection.close()
    yield
    connection.close()


def test_kind_version_and_place_are_named(install: None) -> None:
    assert fact("database").finding == f"SQLite {sqlite3.sqlite_version}, {connection.settings_dict['NAME']}"


def test_a_server_is_named_without_its_user(postgresql_server: PostgreSQL, hub_process: HubProcess) -> None:
    hub_process.environment["HUB_DATABASE_URL"] = url = postgresql_server.new_database()
    hub_process.bring_up()
    found = facts_of(hub_process)["database"]["finding"]
    place = f"{urlsplit(url).path[1:]} at 127.0.0.1:{postgresql_server.port}"
    assert found.startswith("PostgreSQL ")
    assert found.endswith(place)


@pytest.mark.parametrize("length", [4, 4096])
def test_a_damaged_page_is_found_although_nothing_reads_it(started_hub: HubProcess, length: int) -> None:
    ((page,),) = started_hub.sql("SELECT rootpage FROM sqlite_master WHERE name = 'axes_accesslog'")
    ((size,),) = started_hub.sql("PRAGMA page_size")
    with started_hub.database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * length)
    assert "error: the database file is damaged: " in line_of(facts_of(started_hub)["integrity"])


@pytest.mark.parametrize("event", ["insert", "update", "delete"])
def test_a_missing_trigger_is_found(install: None, event: str) -> None:
    sql(f"DROP TRIGGER system_config_{event}_bumps")
    assert findings("direct_writes") == ("error", ["triggers_missing"])


def test_triggers_that_a_server_has_switched_off_are_found_and_the_cure_helps(
    postgresql_server: PostgreSQL, hub_process: HubProcess
) -> None:
    hub = HubProcess(hub_process.folder, database_url=postgresql_server.new_database())
    hub.bring_up()
    hub.sql("DROP TRIGGER system_config_bumps ON system_config")
    assert "run manage.py migrate" in hub.shortened(line_of(facts_of(hub)["direct_writes"]))
    hub.manage("migrate", "-v", "0")
    assert facts_of(hub)["direct_writes"]["status"] == "ok"
    hub.sql("ALTER TABLE system_config DISABLE TRIGGER system_config_bumps")
    assert facts_of(hub)["direct_writes"]["status"] == "error"


def test_a_database_that_cannot_be_written_is_found(own_connection: None) -> None:
    sql("PRAGMA query_only = ON")
    found = fact("direct_writes")
    assert found.status == "error"
    assert "attempt to write a readonly database" in str(found.problems[0])


def test_a_pooler_that_hides_notifications_is_found(
    postgresql_server: PostgreSQL, hub_process: HubProcess
) -> None:
    url = postgresql_server.new_database()
    hub_process.environment["HUB_DATABASE_URL"] = url
    hub_process.bring_up()
    assert facts_of(hub_process)["notifications"]["finding"] == "LISTEN receives notifications"
    with pooled(postgresql_server, url) as through:
        hub_process.environment["HUB_DATABASE_URL"] = through
        found = line_of(facts_of(hub_process)["notifications"])
    assert found.startswith("warning: a connection pooler hides notifications")


@pytest.mark.parametrize(
    ("pragma", "code", "words"),
    [
        ("journal_mode = WAL", "journal_unsafe", "WAL is in use, expected DELETE"),
        ("journal_mode = MEMORY", "journal_unsafe", "MEMORY is in use, expected DELETE"),
        ("synchronous = NORMAL", "synchronous_low", "synchronous is NORMAL, expected FULL"),
        ("synchronous = OFF", "synchronous_low", "synchronous is OFF, expected FULL"),
    ],
)
def test_a_journal_that_can_lose_something_is_found(
    own_connection: None, monkeypatch: pytest.MonkeyPatch, pragma: str, code: str, words: str
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", OLD)
    sql(f"PRAGMA {pragma}")
    found = fact("journal")
    assert (found.status, [problem.code for problem in found.problems]) == ("error", [code])
    assert words in str(found.problems[0])
    sql("PRAGMA journal_mode = DELETE")


def test_it_says_why_the_journal_is_what_it_is(install: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", OLD)
    assert "SQLite 3." in fact("journal").finding
    assert "synchronous FULL" in fact("journal").finding
    assert "this SQLite can damage the file (fixed in 3.44.6, 3.50.7, 3.51.3)" in fact("journal").finding
    monkeypatch.setattr(sqlite3, "sqlite_version_info", FIXED)
    assert "WAL, because this SQLite has the fix" in fact("journal").finding


def test_a_migration_that_is_not_applied_is_found(install: None) -> None:
    sql("DELETE FROM django_migrations WHERE app = 'setup_wizard'")
    assert findings("migrations") == ("error", ["migrations_pending"])
