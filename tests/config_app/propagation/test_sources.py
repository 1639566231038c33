"""A source wakes a watcher after commits to the configuration tables, and only then."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from config_app.api import get_config, plan
from config_app.errors import DatabaseUnavailable
from config_app.live import freshness
from config_app.propagation.sources import PollingSource, open_source
from config_app.propagation.sqlite import SqliteSource
from config_app.testing import reset_process
from tests.support.databases.raw_sql import raw_sql, set_row
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _install(transactional_db: None, install: None) -> None:
    get_config()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a copy of the database that the test may damage."""
    copy = tmp_path / "hub.db"
    shutil.copy(connection.settings_dict["NAME"], copy)
    return copy


@pytest.fixture
def source(path: Path) -> Iterator[SqliteSource]:
    opened = SqliteSource(path)
    yield opened
    opened.close()


def write(path: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as client:
        client.executescript(statement)
        client.commit()


CHANGE = "REPLACE INTO system_config (config_key, config_value) VALUES ('port', '9001')"
FILE_TICK_NS = 20_000_000
SESSION = "INSERT INTO django_session VALUES (hex(randomblob(8)), '', '2030-01-01')"


def test_a_commit_to_the_configuration_is_seen_once(source: SqliteSource, path: Path) -> None:
    assert not source.look()
    write(path, CHANGE)
    assert source.look()
    assert not source.look()


def test_a_commit_to_another_table_is_no_change_and_confirms_what_is_in_force(
    source: SqliteSource, path: Path
) -> None:
    write(path, SESSION)
    reset_process()
    assert not source.look()
    assert freshness._own.confirmed_at is not None


def test_a_transaction_is_seen_when_it_is_committed(source: SqliteSource, path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as client:
        client.execute("BEGIN IMMEDIATE")
        client.execute(CHANGE)
        assert not source.look()
        client.execute("COMMIT")
        assert source.look()
        client.execute("BEGIN IMMEDIATE")
        client.execute("DELETE FROM system_config")
        client.execute("ROLLBACK")
        assert not source.look()


def test_a_database_that_is_locked_is_looked_at_again(source: SqliteSource, path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as client:
        client.execute("BEGIN EXCLUSIVE")
        client.execute(CHANGE)
        assert not source.look()
        client.execute("COMMIT")
    assert source.look()


@pytest.mark.parametrize("happens", ["deleted", "replaced", "moved", "a directory"])
def test_a_file_that_is_no_longer_there_is_reported(source: SqliteSource, path: Path, happens: str) -> None:
    copy = path.with_suffix(".copy")
    shutil.copy(path, copy)
    path.rename(path.with_suffix(".moved")) if happens == "moved" else path.unlink()
    if happens == "replaced":
        copy.rename(path)
    if happens == "a directory":
        path.mkdir()
    with pytest.raises(DatabaseUnavailable) as caught:
        source.look()
    assert str(path) in str(caught.value)


KILLED_DURING_A_COMMIT = """
import os, signal, sqlite3, sys
client = sqlite3.connect(sys.argv[1], isolation_level=None)
client.execute("PRAGMA journal_mode = DELETE")
client.execute("PRAGMA cache_size = 1")
client.execute("BEGIN")
client.execute("CREATE TABLE large AS SELECT zeroblob(1000000)")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_commit_that_was_killed_half_way_is_undone(path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED_DURING_A_COMMIT, path], check=False)
    assert path.with_name(f"{path.name}-journal").stat().st_size
    with contextlib.closing(SqliteSource(path)) as opened:
        opened.look()
        write(path, CHANGE)
        wait_for(opened.look, "the change")


def test_a_table_that_is_no_longer_there_is_reported(source: SqliteSource, path: Path) -> None:
    write(path, "DROP TABLE config_state")
    with pytest.raises(DatabaseUnavailable, match="no such table"):
        source.look()


def test_a_file_that_is_overwritten_in_place_is_reported(source: SqliteSource, path: Path) -> None:
    path.write_bytes(b"this is no database " * 500)
    with pytest.raises(DatabaseUnavailable):
        source.look()


def test_a_file_written_over_that_counts_as_many_commits_is_reported(
    source: SqliteSource, path: Path
) -> None:
    backup = path.with_suffix(".backup")
    shutil.copy(path, backup)
    write(backup, CHANGE)
    write(path, SESSION)
    assert not source.look()
    wait_for(lambda: time.time_ns() - path.stat().st_mtime_ns > FILE_TICK_NS, "the clock of the file system")
    path.write_bytes(backup.read_bytes())
    with pytest.raises(DatabaseUnavailable, match="overwritten"):
        source.look()


def test_commits_alone_never_look_like_a_file_written_over(source: SqliteSource, path: Path) -> None:
    done = threading.Event()

    def commit() -> None:
        for _ in range(100):
            write(path, SESSION)
        done.set()

    thread = threading.Thread(target=commit)
    thread.start()
    while not done.is_set():
        assert not source.look()
    thread.join()


@pytest.mark.parametrize("content", [None, b"", b"no database at all" * 100])
def test_what_is_no_database_cannot_be_opened_and_is_not_made(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "hub.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DatabaseUnavailable):
        SqliteSource(path)
    assert (path.read_bytes() if path.exists() else None) == content


def test_a_folder_with_special_characters_is_no_obstacle(path: Path) -> None:
    odd = path.with_name("a b?c#d%20é") / "hub.db"
    odd.parent.mkdir()
    shutil.copy(path, odd)
    source = SqliteSource(odd)
    write(odd, CHANGE)
    assert source.look()
    source.close()


def test_waiting_ends_at_once_when_the_watcher_stops(source: SqliteSource) -> None:
    stopping = threading.Event()
    stopping.set()
    source.wait(stopping)
    PollingSource().wait(stopping)


def test_a_lost_state_row_is_a_change(source: SqliteSource, path: Path) -> None:
    write(path, "DELETE FROM config_state")
    assert source.look()


def test_polling_sees_the_same_changes() -> None:
    source = PollingSource()
    assert not source.look()
    plan({"port": 9001}).apply()
    assert source.look()
    raw_sql(SESSION)
    assert not source.look()
    set_row("port", "9002")
    assert source.look()
    source.close()


def test_polling_reports_a_database_that_fails() -> None:
    source = PollingSource()
    raw_sql("ALTER TABLE config_state RENAME TO elsewhere")
    try:
        with pytest.raises(DatabaseUnavailable):
            source.look()
    finally:
        raw_sql("ALTER TABLE elsewhere RENAME TO config_state")


def test_a_file_is_watched_by_its_counter_and_anything_else_by_polling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = open_source()
    assert isinstance(source, SqliteSource)
    source.close()
    other = connection.copy()
    monkeypatch.setattr(other, "vendor", "mysql")
    monkeypatch.setattr("config_app.propagation.sources.connection", lambda: other)
    assert isinstance(open_source(), PollingSource)


def settle(source: SqliteSource) -> None:
    for _ in range(3):
        assert not source.look()


def test_a_file_that_was_left_alone_is_not_read_until_it_is_written(
    source: SqliteSource, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config_app.propagation.sqlite.COARSEST_CLOCK", 0.0)
    monkeypatch.setattr("config_app.propagation.sqlite.IDLE_READ_INTERVAL", 3600.0)  # none is due
    settle(source)
    with monkeypatch.context() as patch:
        patch.setattr(source, "_read", pytest.fail)
        reset_process()
        assert not source.look()
        assert freshness._own.confirmed_at is not None
    wait_for(lambda: time.time_ns() - path.stat().st_mtime_ns > FILE_TICK_NS, "the clock of the file system")
    write(path, CHANGE)
    assert source.look()


def test_a_write_ahead_log_is_never_taken_for_a_file_that_was_left_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config_app.propagation.sqlite.COARSEST_CLOCK", 0.0)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as client:
        client.execute("PRAGMA journal_mode=WAL")
        source = SqliteSource(path)
        settle(source)
        before = path.stat().st_mtime_ns
        client.execute(CHANGE)
        assert path.stat().st_mtime_ns == before
        assert source.look()
        source.close()


def test_a_file_written_all_the_time_is_not_called_current_before_it_was_looked_for(
    source: SqliteSource, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config_app.propagation.sqlite.STATUS_INTERVAL", 60.0)
    for _ in range(3):
        write(path, SESSION)
        assert not source.look()
    path.rename(path.with_suffix(".moved"))
    reset_process()
    assert not source.look()
    assert freshness._own.confirmed_at is None
    monkeypatch.setattr("config_app.propagation.sqlite.STATUS_INTERVAL", 0.0)
    with pytest.raises(DatabaseUnavailable, match="No such file"):
        source.look()
