"""The database counts every write to the table, even by other programs."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection

from config_app import store
from config_app.api import plan
from config_app.store import triggers
from tests.support.databases.raw_sql import raw_sql, rows

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = {f"system_config_{event}_bumps" for event in ("insert", "update", "delete")}


@pytest.fixture(autouse=True)
def _install(transactional_db: None, install: None) -> None:
    """Work on an install."""


def version() -> int:
    return store.read().version


def installed() -> set[object]:
    return {name for (name,) in rows("SELECT name FROM sqlite_master WHERE type = 'trigger'")}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO system_config (config_key, config_value) VALUES ('port', '9001')",
        "UPDATE system_config SET config_value = 'x' WHERE config_key = 'database_path'",
        "UPDATE system_config SET updated_at = '2026-01-01' WHERE config_key = 'database_path'",
        "DELETE FROM system_config WHERE config_key = 'database_path'",
        "DELETE FROM system_config",
        "REPLACE INTO system_config (config_key, config_value) VALUES ('database_path', 'x')",
        "INSERT OR IGNORE INTO system_config (config_key) VALUES ('port')",
        "BEGIN; DELETE FROM system_config; COMMIT",
    ],
)
def test_every_kind_of_write_moves_the_version(statement: str) -> None:
    before = version()
    raw_sql(statement)
    assert version() > before


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM system_config",
        "BEGIN; DELETE FROM system_config; ROLLBACK",
        "UPDATE system_config SET config_value = 'x' WHERE config_key = 'nothing'",
        "DELETE FROM django_session",
    ],
)
def test_what_writes_no_row_of_it_does_not(statement: str) -> None:
    before = version()
    raw_sql(statement)
    assert version() == before


def test_a_change_moves_the_version_and_is_no_drift() -> None:
    before = version()
    plan({"port": 9001}).apply()
    assert version() > before
    assert not store.read().drifted


def test_a_row_can_be_written_with_its_key_and_value_alone() -> None:
    raw_sql("INSERT INTO system_config (config_key, config_value) VALUES ('port', '9001')")
    raw_sql("INSERT INTO system_config (config_key) VALUES ('public_url')")
    assert rows(
        "SELECT config_value, is_secret, updated_at > '2020' FROM system_config"
        " WHERE config_key IN ('port', 'public_url') ORDER BY 1 DESC"
    ) == [("9001", 0, 1), ("", 0, 1)]


def test_the_triggers_are_put_back_by_the_next_migrate() -> None:
    raw_sql("".join(f"DROP TRIGGER {name};" for name in NAMES))
    call_command("migrate", verbosity=0)
    assert installed() >= NAMES


def test_to_put_them_in_place_again_changes_nothing() -> None:
    before = installed()
    triggers.install(using="default")
    assert installed() == before >= NAMES


def test_a_database_without_the_table_gets_none() -> None:
    raw_sql("ALTER TABLE system_config RENAME TO elsewhere")
    try:
        before = installed()
        triggers.install(using="default")
        assert installed() == before
    finally:
        raw_sql("ALTER TABLE elsewhere RENAME TO system_config")
    assert connection.vendor == "sqlite"
