"""SQLite files: writers queue, commits are durable, and WAL is used only if that is safe (R2)."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest
from django.db import connection, connections, transaction

from hub import sqlite
from hub.sqlite.base import DatabaseWrapper
from tests.support.processes.hub_process import HubProcess


def pragma(name: str) -> object:
    with connection.cursor() as cursor:
        return cursor.execute(f"PRAGMA {name}").fetchone()[0]


@pytest.mark.parametrize("version", [(3, 51, 3), (3, 52, 0), (4, 0, 0), (3, 44, 6), (3, 50, 7), (3, 50, 9)])
def test_wal_is_safe_with_the_fix(version: tuple[int, int, int]) -> None:
    assert sqlite.wal_is_safe(version)


@pytest.mark.parametrize(
    "version", [(3, 40, 1), (3, 44, 5), (3, 45, 9), (3, 50, 6), (3, 51, 0), (3, 51, 2), (3, 7, 17)]
)
def test_wal_is_not_safe_without_it(version: tuple[int, int, int]) -> None:
    assert not sqlite.wal_is_safe(version)


@pytest.mark.parametrize(("version", "mode"), [((3, 40, 1), "DELETE"), ((3, 51, 3), "WAL")])
def test_the_journal_follows_the_version(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], mode: str
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    assert sqlite.journal_mode() == mode
    assert f"journal_mode={mode};" in sqlite.options()["init_command"]


@pytest.mark.django_db
def test_a_commit_has_reached_the_disk_and_a_writer_waits() -> None:
    assert pragma("synchronous") == 2
    assert str(pragma("journal_mode")).upper() == sqlite.journal_mode()
    assert pragma("busy_timeout") == sqlite.BUSY_TIMEOUT * 1000


@pytest.mark.django_db(transaction=True)
def test_a_transaction_holds_the_writers_lock_from_its_start() -> None:
    with (
        transaction.atomic(),
        contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=0)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


def test_a_file_that_was_moved_away_is_not_made_anew(tmp_path: Path) -> None:
    gone = tmp_path / "gone.db"
    wrapper = DatabaseWrapper(connections["default"].settings_dict | {"NAME": str(gone)}, "gone")
    with pytest.raises(Exception, match="unable to open"):
        wrapper.connect()
    assert not gone.exists()


def test_every_process_opens_it_so(started_hub: HubProcess) -> None:
    code = (
        "from django.db import connection as c;"
        "names = ('synchronous', 'journal_mode');"
        "print(*(c.cursor().execute('PRAGMA ' + name).fetchone()[0] for name in names))"
    )
    out = started_hub.manage("shell", "-v", "0", "-c", code)
    assert out.split() == ["2", sqlite.journal_mode().lower()]
