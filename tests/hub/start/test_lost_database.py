"""A claimed hub whose database is not there refuses to become a new hub (R14)."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes.hub_process import HubProcess
from tests.support.waiting import wait_for

CLAIMED = "this hub was claimed, but "
COMMANDS = ("bootstrap", "serve", "config show", "config set port=9001", "config doctor", "setup_token")


def unmounted(hub: HubProcess) -> None:
    hub.database.rename(hub.folder / "away.db")


def misnamed(hub: HubProcess) -> None:
    hub.environment["HUB_DATABASE_PATH"] = str(hub.folder / "hub.bd")


def replaced_by_another_database(hub: HubProcess) -> None:
    other = hub.folder / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as file:
        file.execute("PRAGMA user_version = 1")
    other.chmod(0o600)
    hub.environment["HUB_DATABASE_PATH"] = str(other)


def refusals(hub: HubProcess, *commands: str) -> set[str]:
    """Return what the commands say on standard error; each must fail with one line and create no file."""
    before = files(hub)
    said = set()
    for command in commands:
        done = hub.run(*command.split())
        assert done.returncode != 0, command
        said.add(done.stdout + done.stderr)
    assert files(hub) == before
    return said


def files(hub: HubProcess) -> list[Path]:
    return sorted(path for path in hub.folder.rglob("*") if path.name != ".bootstrap.lock")


@pytest.mark.parametrize("lose", [unmounted, misnamed], ids=lambda lose: str(lose.__name__))
def test_every_command_says_so_and_none_makes_a_new_hub(
    claimed_hub: HubProcess, lose: Callable[[HubProcess], None]
) -> None:
    lose(claimed_hub)
    for line in refusals(claimed_hub, *COMMANDS):
        assert CLAIMED in line
        assert "--from-scratch" in line


def test_an_empty_database_of_another_name_is_not_filled(claimed_hub: HubProcess) -> None:
    claimed_hub.manage("bootstrap")  # the hub is a copy, so it notes where its database is now
    replaced_by_another_database(claimed_hub)
    (line,) = refusals(claimed_hub, "bootstrap")
    assert (
        f"{claimed_hub.folder / 'other.db'} contains no hub (it was claimed in {claimed_hub.database})"
        in line
    )


def test_the_hub_goes_on_when_its_database_is_back(claimed_hub: HubProcess) -> None:
    unmounted(claimed_hub)
    refusals(claimed_hub, "bootstrap")
    (claimed_hub.folder / "away.db").rename(claimed_hub.database)
    claimed_hub.manage("bootstrap")
    assert claimed_hub.config("get", "app_mode") == "local"


def test_a_new_hub_starts_only_when_it_is_told_to(claimed_hub: HubProcess) -> None:
    unmounted(claimed_hub)
    assert "unconfigured" in claimed_hub.manage("bootstrap", "--from-scratch")
    claimed_hub.database.unlink()  # the new hub is not claimed, so nothing is lost with it
    assert "unconfigured" in claimed_hub.manage("bootstrap")


def test_a_server_that_is_no_longer_named_is_not_replaced_by_a_file(
    postgresql_server: PostgreSQL, tmp_path: Path
) -> None:
    hub = HubProcess(tmp_path / "hub", database_url=postgresql_server.new_database())
    hub.claim()
    named = hub.environment.pop("HUB_DATABASE_URL")
    (line,) = refusals(hub, "bootstrap")
    assert f"{hub.database} contains no hub (it was claimed in postgres" in line
    hub.environment["HUB_DATABASE_URL"] = postgresql_server.new_database()
    (line,) = refusals(hub, "bootstrap")
    assert CLAIMED in line
    hub.environment["HUB_DATABASE_URL"] = named
    hub.manage("bootstrap")


def test_a_claim_and_a_reset_while_the_hub_is_served_are_recorded(started_hub: HubProcess) -> None:
    record = started_hub.data_dir / "claimed.json"
    started_hub.serve(workers=1)
    assert not record.exists()
    started_hub.claim()
    wait_for(record.exists, "the record of the claim")
    started_hub.config("reset", "--yes")
    wait_for(lambda: not record.exists(), "the record to be removed")


def test_a_hub_that_an_earlier_version_claimed_is_recorded_at_its_next_start(claimed_hub: HubProcess) -> None:
    (claimed_hub.data_dir / "claimed.json").unlink()
    claimed_hub.manage("bootstrap")
    unmounted(claimed_hub)
    refusals(claimed_hub, "bootstrap")


def test_a_backup_is_restored_although_the_database_is_gone(claimed_hub: HubProcess) -> None:
    claimed_hub.config("set", "port=9123")
    claimed_hub.manage("backup", "hub.backup")
    unmounted(claimed_hub)
    claimed_hub.manage("restore", "hub.backup", "--yes")
    assert claimed_hub.config("get", "port") == "9123"


def test_a_restore_that_is_refused_makes_no_new_hub(claimed_hub: HubProcess) -> None:
    claimed_hub.manage("backup", "hub.backup")
    unmounted(claimed_hub)
    (claimed_hub.folder / "damaged.backup").write_bytes((claimed_hub.folder / "hub.backup").read_bytes()[:-9])
    refusals(
        claimed_hub, "restore missing.backup --yes", "restore damaged.backup --yes", "restore hub.backup"
    )
    for line in refusals(claimed_hub, "bootstrap"):
        assert CLAIMED in line


def test_a_restore_that_fails_leaves_no_hub_for_a_stranger_to_claim(claimed_hub: HubProcess) -> None:
    claimed_hub.manage("backup", "hub.backup")
    (claimed_hub.folder / "wrong").write_text("a shared key that was never used for this hub")
    unmounted(claimed_hub)
    failed = claimed_hub.run("restore", "hub.backup", "--yes", "--code-file", "wrong")
    assert failed.returncode == 1, failed.stdout
    for line in refusals(claimed_hub, "bootstrap", "serve", "setup_token"):
        assert CLAIMED in line
    claimed_hub.manage("restore", "hub.backup", "--yes")
    assert claimed_hub.config("get", "app_mode") == "local"
