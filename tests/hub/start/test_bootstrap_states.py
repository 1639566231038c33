"""The states of an install are always read from the database, never assumed (B15, S1)."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from config_app import api, store
from config_app.errors import DatabaseUnavailable, NewerSchema
from config_app.testing import reset_process
from hub import bootstrap
from hub.bootstrap import BootstrapState, get_bootstrap_state
from hub.runtime_config import RuntimeConfig, get_config
from tests.conftest import claim_for
from tests.support.processes.hub_process import HubProcess

SAY = "from hub.bootstrap import *; print(get_bootstrap_state())"


def state(hub: HubProcess) -> str:
    return hub.manage("shell", "-v", "0", "-c", SAY).strip()


def test_asking_creates_nothing(hub_process: HubProcess) -> None:
    assert state(hub_process) == "no_database"
    assert not hub_process.data_dir.exists()


def test_a_file_without_tables_is_an_empty_database(hub_process: HubProcess) -> None:
    hub_process.data_dir.mkdir(mode=0o700)
    hub_process.database.touch()
    assert state(hub_process) == "empty_database"


def test_tables_without_a_first_revision_are_an_empty_database_too(hub_process: HubProcess) -> None:
    """A bootstrap that was killed right after the migrations runs again (B15)."""
    hub_process.data_dir.mkdir(mode=0o700)
    hub_process.database.touch()
    hub_process.manage("migrate", "-v", "0")
    assert state(hub_process) == "empty_database"
    hub_process.env_file.write_text("HUB_PORT=9001\n")
    hub_process.manage("bootstrap")
    assert (state(hub_process), hub_process.config("get", "port")) == ("unconfigured", "9001")


def test_a_claim_configures_and_a_reset_returns(started_hub: HubProcess) -> None:
    assert state(started_hub) == "unconfigured"
    started_hub.claim()
    assert state(started_hub) == "configured"
    started_hub.config("reset", "--yes")
    assert state(started_hub) == "unconfigured"


@pytest.mark.django_db(transaction=True)
def test_a_process_that_watches_a_claimed_hub_is_running(install: None) -> None:
    claim_for("owner@example.com")
    assert get_bootstrap_state() == BootstrapState.CONFIGURED
    api.start_watching()
    try:
        assert get_bootstrap_state() == BootstrapState.RUNNING
    finally:
        api.stop_watching()


def test_a_newer_schema_is_no_state(install: None) -> None:
    MigrationRecorder(connection).record_applied("hub", "9999_later")
    with pytest.raises(NewerSchema):
        get_bootstrap_state()


def test_a_damaged_file_is_no_state(started_hub: HubProcess) -> None:
    started_hub.database.write_bytes(b"no database, but long enough to be taken for one" * 9)
    done = started_hub.run("bootstrap")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "is damaged or is not an SQLite database; restore it from a backup" in done.stderr


def test_an_older_schema_is_migrated_after_a_backup(started_hub: HubProcess) -> None:
    started_hub.config("set", "port", "9001")
    started_hub.manage("migrate", "config_app", "0001", "-v", "0")
    started_hub.manage("bootstrap")
    assert started_hub.config("get", "port") == "9001"
    (backup,) = (path for path in started_hub.data_dir.rglob("*") if "backup" in str(path) and path.is_file())
    with contextlib.closing(sqlite3.connect(backup)) as old:
        assert old.execute("SELECT config_value FROM system_config WHERE config_key='port'").fetchone() == (
            "9001",
        )


def test_the_seeds_functions_are_there(install: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_is_ready", lambda: True)
    assert isinstance(bootstrap.bootstrap_application(), RuntimeConfig)
    assert async_to_sync(bootstrap.abootstrap_application)() is get_config()
    bootstrap.run_migrations_once()
    assert bootstrap.auto_migrate_from_env() is None


def test_without_a_database_there_is_no_configuration_to_guess(
    install: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_args: object) -> None:
        raise DatabaseUnavailable("it is gone")

    reset_process()
    monkeypatch.setattr(store, "read", unavailable)
    with pytest.raises(DatabaseUnavailable):
        get_config()
