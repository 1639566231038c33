"""An unusable database gives one line with the reason; no new database replaces it (R7, S1)."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.processes.hub_process import HubProcess
from tests.support.processes.unprivileged import NOBODY

Damage = Callable[[HubProcess], None]
Files = dict[str, bytes | str]
UNPRIVILEGED = "without-privileges"
"""Removes the privileges with which root may use every file."""


@pytest.fixture
def hub(started_hub: HubProcess) -> HubProcess:
    return started_hub


def files(hub: HubProcess) -> Files:
    """Return the content of the files in the instance directory, by name."""
    return {
        path.name: path.read_bytes() if path.is_file() else "directory"
        for path in hub.data_dir.iterdir()
        if path.name != ".bootstrap.lock"
    }


def diagnosis(hub: HubProcess, *command: str, limit: str = "") -> str:
    """Run a command that must fail with one line and change no file; return the line."""
    before = files(hub)
    done = run_limited(hub, limit, *command) if limit else hub.run(*command)
    assert files(hub) == before
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    return done.stderr


def run_limited(hub: HubProcess, limit: str, *command: str) -> subprocess.CompletedProcess[str]:
    return hub.run_script("tests/support/processes/limited.py", limit, *hub.command(*command)[1:])


def garbage(hub: HubProcess) -> None:
    hub.database.write_bytes(os.urandom(40_000))


def text(hub: HubProcess) -> None:
    hub.database.write_text("HUB_PORT=9001\n" * 400)


def damaged_pages(hub: HubProcess) -> None:
    content = bytearray(hub.database.read_bytes())
    content[8192:] = os.urandom(len(content) - 8192)
    hub.database.write_bytes(content)


def truncated(hub: HubProcess) -> None:
    os.truncate(hub.database, hub.database.stat().st_size // 3)


def emptied(hub: HubProcess) -> None:
    os.truncate(hub.database, 0)


def a_directory(hub: HubProcess) -> None:
    hub.database.unlink()
    hub.database.mkdir()


def a_device(hub: HubProcess) -> None:
    hub.database.unlink()
    hub.database.symlink_to("/dev/null")


def newer(hub: HubProcess) -> None:
    hub.sql(
        "INSERT INTO django_migrations (app, name, applied) VALUES ('config_app', '0999_later', '2030-01-01')"
    )


def without_its_tables(hub: HubProcess) -> None:
    hub.sql("DROP TABLE config_state")


DAMAGES: dict[Damage, str] = {
    garbage: "is damaged or is not an SQLite database; restore it from a backup",
    text: "is damaged or is not an SQLite database; restore it from a backup",
    damaged_pages: "is damaged or is not an SQLite database; restore it from a backup",
    truncated: "is damaged or is not an SQLite database; restore it from a backup",
    emptied: "is empty, but this hub was started before; restore it from a backup, or remove it",
    a_directory: "is not a file; move it away",
    a_device: "is not a file; move it away",
    newer: "a newer version (migrations unknown here: config_app.0999_later); install that version",
    without_its_tables: "no such table: config_state",
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: str(damage.__name__))
def test_a_start_says_what_is_wrong_and_what_to_do(hub: HubProcess, damage: Damage) -> None:
    damage(hub)
    assert DAMAGES[damage] in diagnosis(hub, "bootstrap")


@pytest.mark.parametrize("damage", [emptied, newer], ids=lambda damage: str(damage.__name__))
@pytest.mark.parametrize("command", ["config show", "config set port 9001", "serve"])
def test_every_command_says_so(hub: HubProcess, damage: Damage, command: str) -> None:
    damage(hub)
    assert diagnosis(hub, *command.split())


def test_an_empty_file_at_the_very_first_start_is_a_start_that_was_killed(hub_process: HubProcess) -> None:
    hub_process.data_dir.mkdir(mode=0o700)
    hub_process.database.touch(mode=0o600)
    hub_process.manage("bootstrap")
    assert hub_process.config("get", "port") == "8884"


def test_a_file_that_was_removed_on_purpose_is_a_new_start(hub: HubProcess) -> None:
    hub.config("set", "port", "9001")
    hub.database.unlink()
    hub.manage("bootstrap")
    assert hub.config("get", "port") == "8884"
    assert stat.S_IMODE(hub.database.stat().st_mode) == 0o600


def test_a_database_of_another_program_is_backed_up_before_it_gets_our_tables(
    hub_process: HubProcess,
) -> None:
    hub_process.data_dir.mkdir(mode=0o700)
    hub_process.sql("CREATE TABLE theirs (x)")
    hub_process.manage("bootstrap")
    (backup,) = (hub_process.data_dir / "backups").iterdir()
    found = sqlite3.connect(backup).execute("SELECT name FROM sqlite_master").fetchall()
    assert found == [("theirs",)]


def test_a_server_that_does_not_answer_is_one_line(hub_process: HubProcess) -> None:
    hub_process.environment["HUB_DATABASE_URL"] = "postgres://user:canary-password@127.0.0.1:9/hub"
    hub_process.data_dir.mkdir(mode=0o700)
    line = diagnosis(hub_process, "bootstrap")
    assert "Connection refused" in line
    assert "canary" not in line


def full_disk(kibibytes: int) -> str:
    """Return a limit for the size of every file."""
    return str(kibibytes * 1024)


def test_a_full_disk_at_the_first_start_is_one_line_and_the_next_start_goes_on(
    hub_process: HubProcess,
) -> None:
    done = run_limited(hub_process, full_disk(64), "bootstrap")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "check that the disk is not full" in done.stderr
    hub_process.manage("bootstrap")
    assert hub_process.config("get", "port") == "8884"


def test_a_full_disk_later_refuses_a_change_and_leaves_what_was(hub: HubProcess) -> None:
    hub.config("set", "port", "9001")
    change = ("config", "set", "port", "9002", "--reason", "x" * 20_000)
    size = hub.database.stat().st_size // 1024
    assert "not full" in diagnosis(hub, *change, limit=full_disk(size))
    assert hub.config("get", "port") == "9001"
    assert hub.sql("PRAGMA integrity_check") == [("ok",)]


def test_without_room_for_a_backup_nothing_is_migrated(hub: HubProcess) -> None:
    hub.manage("migrate", "admin", "0001", "-v", "0")
    line = diagnosis_of_migration(hub)
    assert "no backup could be written to" in line
    assert "nothing was migrated" in line
    hub.manage("bootstrap")
    assert len(list((hub.data_dir / "backups").iterdir())) == 1


def diagnosis_of_migration(hub: HubProcess) -> str:
    (hub.data_dir / "backups").touch()
    line = diagnosis(hub, "bootstrap")
    (hub.data_dir / "backups").unlink()
    return line


def test_a_folder_that_cannot_be_written_is_one_line(hub_process: HubProcess) -> None:
    hub_process.data_dir.mkdir(mode=0o700)
    folder = hub_process.folder / "readonly"
    folder.mkdir(mode=0o500)
    hub_process.environment["HUB_DATABASE_PATH"] = str(folder / "hub.db")
    line = diagnosis(hub_process, "bootstrap", limit=UNPRIVILEGED)
    assert f"{folder}/.bootstrap.lock cannot be opened: Permission denied; make {folder} writable" in line
    assert list(folder.iterdir()) == []


def test_an_instance_directory_that_cannot_be_written_is_one_line(hub: HubProcess) -> None:
    hub.data_dir.chmod(0o500)
    try:
        assert "cannot be written to" in diagnosis(hub, "bootstrap", limit=UNPRIVILEGED)
    finally:
        hub.data_dir.chmod(0o700)


@pytest.mark.parametrize("mode", [0o400, 0o000])
def test_a_file_that_cannot_be_written_is_one_line(hub: HubProcess, mode: int) -> None:
    content = hub.database.read_bytes()
    hub.database.chmod(mode)
    done = run_limited(hub, UNPRIVILEGED, "bootstrap")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert (
        f"{hub.database} cannot be read and written by this user; make {hub.database} writable" in done.stderr
    )
    hub.database.chmod(0o600)
    assert hub.database.read_bytes() == content


@contextlib.contextmanager
def of_another_user(path: Path) -> Iterator[Path]:
    """Give the file to another user and yield its path; without root, yield a path that belongs to root."""
    if os.geteuid() != 0:
        yield Path("/usr" if path.is_dir() else "/etc/passwd")
        return
    os.chown(path, NOBODY, NOBODY)
    yield path
    os.chown(path, 0, 0)


@pytest.mark.parametrize(("variable", "name"), [("HUB_DATABASE_PATH", "hub.db"), ("HUB_DATA_DIR", ".")])
def test_files_of_another_user_are_one_line(hub: HubProcess, variable: str, name: str) -> None:
    with of_another_user(hub.data_dir / name) as path:
        before = hub.environment.pop(variable, None)
        hub.environment[variable] = str(path)
        assert diagnosis(hub, "bootstrap", limit=UNPRIVILEGED)
        hub.environment.pop(variable)
    hub.environment |= {variable: before} if before else {}
    hub.manage("bootstrap")


def test_a_revision_with_an_impossible_number_is_one_line(hub: HubProcess) -> None:
    hub.sql("UPDATE config_revision SET number = 9223372036854775807 WHERE number = 1")
    refused = hub.run("config", "set", "port=9001")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ")
    assert "Traceback" not in refused.stderr
