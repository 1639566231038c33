"""A database problem shows an error with a fix, never the wizard (S1)."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.processes.hub_process import HubProcess

PATHS = ["/", "/setup/", "/setup/mode/", "/admin/", "/auth/login"]


def corrupt(path: Path) -> None:
    path.write_bytes(b"this is no database " * 500)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def remove(path: Path) -> None:
    path.unlink()


def swap_in_a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def copy(path: Path, target: Path) -> None:
    """Copy the database of a running hub; a copy of the file alone may have half of a commit."""
    with closing(sqlite3.connect(path)) as file, closing(sqlite3.connect(target)) as own:
        file.backup(own)


DAMAGES = [corrupt, empty, remove, swap_in_a_directory]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_database_never_opens_the_wizard(
    started_hub: HubProcess, damage: Callable[[Path], None]
) -> None:
    hub = started_hub
    hub.serve(workers=1)
    assert hub.get("/setup/").status == 200
    damage(hub.database)
    for path in PATHS:
        answer = hub.get(path)
        assert answer.status == 503, path
        assert "Claim this hub" not in answer.text
        assert "What to do" in answer.text
    assert hub.get("/health/live").status == 200
    assert hub.get("/api/config", Accept="application/json").status == 503


def test_a_damaged_database_of_a_claimed_hub_does_not_open_the_wizard(claimed_hub: HubProcess) -> None:
    hub = claimed_hub
    hub.serve(workers=1)
    corrupt(hub.database)
    assert hub.get("/setup/").status == 404
    assert hub.get("/setup/mode/").status == 404


def test_a_database_of_an_older_version_does_not_open_the_wizard(started_hub: HubProcess) -> None:
    hub = started_hub
    hub.serve(workers=1)
    hub.sql("DELETE FROM django_migrations WHERE app = 'setup_wizard'")
    answer = hub.get("/setup/")
    assert answer.status == 503
    assert "manage.py bootstrap" in hub.log.read_text()


def test_a_newer_database_does_not_open_the_wizard(started_hub: HubProcess) -> None:
    hub = started_hub
    hub.serve(workers=1)
    hub.sql(
        "INSERT INTO django_migrations (app, name, applied) VALUES ('hub', '9999_future', CURRENT_TIMESTAMP)"
    )
    answer = hub.get("/setup/")
    assert answer.status == 503
    assert "newer" in answer.text


def test_an_install_without_history_is_not_taken_for_a_new_one(claimed_hub: HubProcess) -> None:
    hub = claimed_hub
    hub.serve(workers=1)
    hub.sql("DELETE FROM config_change")
    hub.sql("DELETE FROM config_revision")
    hub.sql("DELETE FROM system_config")
    assert hub.get("/setup/").status in {404, 503}


def test_the_wizard_is_back_once_the_database_is(started_hub: HubProcess) -> None:
    hub = started_hub
    hub.serve(workers=1)
    backup = hub.folder / "backup.db"
    copy(hub.database, backup)
    remove(hub.database)
    assert hub.get("/setup/").status == 503
    assert not hub.database.exists()
    shutil.copy(backup, hub.database)
    hub.database.chmod(0o600)
    assert hub.get("/setup/").status == 200
