"""The store reads the tables with one statement and writes them under one lock."""

from __future__ import annotations

import itertools
import sqlite3
import time

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from config_app import store
from config_app.api import UNSET, plan
from config_app.errors import DatabaseUnavailable
from config_app.live import runtime
from config_app.live.resolution import resolve
from config_app.live.snapshot import read_snapshot
from config_app.models import Revision
from config_app.store import Edit, Origin, Row, tables
from config_app.store.failures import database_errors
from hub.runtime_config import schema
from tests.support import generated_schema
from tests.support.databases.raw_sql import raw_sql, rows, set_row
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.simultaneous import crew

PROCESSES, TIMES = 8, 3
WORK = f"""
import os
from config_app.api import plan
from config_app.errors import StaleRevision
from config_app.live.snapshot import read_snapshot
for number in range({TIMES}):
    assert plan({{"public_url": f"https://{{os.getpid()}}-{{number}}.example"}}).apply() is not None
    while True:
        now = read_snapshot()
        try:
            plan({{"port": now.config.port + 1}}, base_revision=now.revision).apply()
        except StaleRevision:
            continue
        break
"""


@pytest.fixture
def _install(transactional_db: None, install: None) -> None:
    """Work on an install."""


in_process = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_install")]


class TestReading:
    """``store.read`` reads all tables with one statement, so that they fit together."""

    pytestmark = in_process

    def test_everything_is_read_in_one_query(self) -> None:
        plan({"port": 9001, "workos_api_key": "sk_test_12345678"}).apply()
        with CaptureQueriesContext(connection) as captured:
            stored = store.read()
        assert len(captured) == 1
        assert stored.rows["port"] == Row("9001", is_secret=False)
        assert stored.rows["workos_api_key"].is_secret
        assert (stored.revision, stored.drifted, stored.any_refused) == (2, False, False)

    @pytest.mark.only_sqlite
    def test_sqlite_gives_it_all_at_once(self) -> None:
        # Otherwise, each row would wait until the other threads of this process let it continue.
        with CaptureQueriesContext(connection) as captured:
            store.read()
        assert len(rows(captured[0]["sql"])) == 1

    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ("CAST(x'6162ff63' AS TEXT)", "ab\N{REPLACEMENT CHARACTER}c"),
            ("x'6162'", "ab"),
            ("x'61ff'", "a\N{REPLACEMENT CHARACTER}"),
            ("'a' || char(0) || 'b\"\\'", 'a\0b"\\'),
            ("'\N{SNOWMAN}' || char(10)", "\N{SNOWMAN}\n"),
            ("42.0", "42.0"),
        ],
    )
    def test_whatever_sqlite_stores_is_read_as_text(self, written: str, read: str) -> None:
        raw_sql(f"INSERT INTO system_config (config_key, config_value) VALUES ('x', {written})")  # noqa: S608 - as above
        assert store.read().rows["x"] == Row(read, is_secret=False)

    def test_a_missing_row_and_an_empty_one_are_two_things(self) -> None:
        plan({"public_url": ""}).apply()
        assert store.read().rows["public_url"].value == ""
        plan({"public_url": UNSET}).apply()
        assert "public_url" not in store.read().rows

    def test_an_empty_table_is_read_too(self) -> None:
        raw_sql("DELETE FROM system_config")
        stored = store.read()
        assert (stored.rows, stored.revision, stored.drifted, stored.salt) == ({}, 1, True, None)

    def test_reading_writes_nothing(self) -> None:
        raw_sql("INSERT INTO system_config (config_key, config_value) VALUES ('port', 'abc'), ('x', 'y')")
        before = rows("SELECT * FROM config_state, config_revision")
        store.read()
        read_snapshot()
        resolve(schema, store.read())
        store.history()
        store.newest_refusals()
        assert rows("SELECT * FROM config_state, config_revision") == before

    def test_nothing_shows_what_a_row_holds(self) -> None:
        set_row("workos_api_key", "sk_test_canary")
        assert "canary" not in repr(store.read())
        assert "canary" not in repr(Edit(key="workos_api_key", old="sk_canary", new="sk_canary"))

    def test_three_hundred_settings_are_read_and_resolved_in_a_few_milliseconds(self) -> None:
        with generated_schema.project("Many"):
            plan({f"extra_{n}": n + 1 for n in range(300)}).apply()
            with CaptureQueriesContext(connection) as captured:
                read_snapshot()
            took = min(_seconds_to_read() for _ in range(5))
        assert len(captured) <= 3
        assert took < 0.05  # about 5 ms on an idle machine


def _seconds_to_read() -> float:
    start = time.process_time()
    read_snapshot()
    return time.process_time() - start


class TestHistory:
    """The store records each change in the history."""

    pytestmark = in_process

    def test_revisions_are_numbered_without_gaps_and_listed_newest_first(self) -> None:
        for port in (9001, 9002, 9003):
            plan({"port": port}).apply()
        assert [revision.number for revision in store.history()] == [4, 3, 2, 1]
        assert [revision.number for revision in store.history(key="port", limit=2)] == [4, 3]
        assert [revision.number for revision in store.history(before=3)] == [2, 1]

    def test_the_texts_of_a_key_are_given_newest_first_without_refused_ones(self) -> None:
        for port in (9001, 9002):
            plan({"port": port}).apply()
        set_row("port", "abc")
        plan({"log_level": "debug"}).apply()
        assert list(store.accepted_texts("port")) == ["9002", "9001"]
        assert store.latest_texts()["port"] == "abc"
        assert store.last_changes()["port"].refused

    def test_what_is_refused_stays_a_refusal_until_the_key_changes_again(self) -> None:
        plan({}, refusals={"port": "not imported", "banana": "not imported"}).apply(channel="env")
        assert [change.key for change in store.newest_refusals()] == ["banana", "port"]
        plan({"port": 9001}).apply()
        assert [change.key for change in store.newest_refusals()] == ["banana"]

    @pytest.mark.parametrize(
        ("text", "kept"), [(None, None), ("", ""), ("sk_canary", ""), ("gAAAAABmcanary", "gAAAAABmcanary")]
    )
    def test_history_keeps_only_the_ciphertext_of_a_secret(self, text: str | None, kept: str | None) -> None:
        assert store.archived(text, is_secret=True) == kept
        assert store.archived(text, is_secret=False) == text

    def test_a_change_and_its_revision_are_written_together_or_not_at_all(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object, **__: object) -> None:
            raise OperationalError("database or disk is full")

        before = rows("SELECT * FROM system_config")
        monkeypatch.setattr(tables, "_insert_changes", full)
        with pytest.raises(DatabaseUnavailable, match="disk is full"):
            plan({"port": 9001}).apply()
        assert rows("SELECT * FROM system_config") == before
        assert Revision.objects.count() == 1


class TestWriting:
    """Only one writer at a time holds the writers' lock."""

    pytestmark = in_process

    def test_the_lock_is_taken_by_the_first_statement(self) -> None:
        other = sqlite3.connect(connection.settings_dict["NAME"], timeout=0)
        with store.writing(), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.execute("BEGIN IMMEDIATE")
        other.close()

    def test_a_failure_inside_undoes_everything(self) -> None:
        before = store.read()
        with pytest.raises(KeyError):
            write_and_fail()
        assert store.read() == before

    def test_the_state_row_is_made_where_it_is_missing(self) -> None:
        recorded = store.read().recorded_version
        raw_sql("DELETE FROM config_state")
        with store.writing() as stored:
            assert stored.version == recorded + 1  # no process has read this version yet
        assert rows("SELECT id, version FROM config_state") == [(1, recorded + 1)]

    def test_full_is_one_line_and_changes_nothing(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA page_count")
            (pages,) = cursor.fetchone()
            cursor.execute(f"PRAGMA max_page_count = {pages}")
            cursor.execute("SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size")
            (free,) = cursor.fetchone()  # other tests have left pages that a write can use again
        before = store.read()
        with pytest.raises(DatabaseUnavailable) as caught:
            plan({"public_url": "https://a.example"}).apply(reason="x" * (free + 100_000))
        assert "\n" not in str(caught.value)
        assert "full" in str(caught.value)
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1073741823")
        assert store.read() == before
        assert runtime.reload().config.public_url == ""


def write_and_fail() -> None:
    with store.writing() as stored:
        store.record(stored, [Edit(key="port", old=None, new="9001")], Origin())
        raise KeyError


@pytest.mark.parametrize("text", ["", "x", "several\nlines\n", "  \n"])
@pytest.mark.parametrize("kind", [OperationalError, IntegrityError, DatabaseError])
def test_whatever_the_database_says_is_one_line_with_a_cure(kind: type[DatabaseError], text: str) -> None:
    with pytest.raises(DatabaseUnavailable) as caught, database_errors():
        raise kind(text)
    assert "\n" not in str(caught.value)
    assert caught.value.fix


def test_no_change_of_eight_processes_is_lost(any_hub_process: HubProcess) -> None:
    hub = any_hub_process
    hub.bring_up()
    hub.config("set", "port=1000", "public_url=https://first.example")
    first = int(str(hub.sql("SELECT max(number) FROM config_revision")[0][0]))
    with crew([hub] * PROCESSES, WORK) as started:
        started.go()
    done = PROCESSES * TIMES
    numbers = [row[0] for row in hub.sql("SELECT number FROM config_revision ORDER BY number")]
    assert numbers == list(range(1, first + 2 * done + 1))
    assert chain(hub, "port") == [str(1000 + n) for n in range(done + 1)]
    assert len(chain(hub, "public_url")) == done + 1


def chain(hub: HubProcess, key: str) -> list[object]:
    """Return a setting's values in order; check that each value is the old value of the next change."""
    query = "SELECT key, old_value, new_value FROM config_change ORDER BY revision_id"
    found = [(old, new) for name, old, new in hub.sql(query) if name == key]
    for (_, new), (old, _) in itertools.pairwise(found):
        assert new == old
    return [new for _, new in found]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_install")
def test_a_plan_within_the_callers_transaction_is_committed_with_it() -> None:
    with transaction.atomic():
        plan({"port": 9001}).apply()
        assert rows("SELECT 1 FROM system_config WHERE config_key = 'port'") == []
    assert rows("SELECT 1 FROM system_config WHERE config_key = 'port'") == [(1,)]
