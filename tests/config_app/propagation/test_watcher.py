"""A process is notified of every change, and no problem with the database ends its watcher."""

from __future__ import annotations

import contextlib
import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, connections
from django.test import Client

from config_app import store
from config_app.api import get_config, plan
from config_app.errors import DatabaseUnavailable
from config_app.live import runtime
from config_app.live.snapshot import Snapshot
from config_app.models import Revision
from config_app.propagation import watcher, watching
from config_app.store import triggers
from config_app.testing import reset_process
from tests.support.databases.raw_sql import raw_sql, set_row
from tests.support.processes.hub_process import ROOT, HubProcess
from tests.support.processes.simultaneous import crew
from tests.support.waiting import DEADLINE, wait_for


@pytest.fixture
def _watching(transactional_db: None, install: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run a watcher in this process; it tries again soon after an error."""
    monkeypatch.setattr(watcher, "RETRY", 0.02)
    reset_process()
    watching.start()
    wait_for(runtime.has_loaded, "the first configuration")
    yield
    watching.stop()


@pytest.fixture
def _broken(_watching: None) -> Iterator[None]:
    """Rename the table until the test restores it."""
    raw_sql("ALTER TABLE system_config RENAME TO elsewhere; UPDATE config_state SET version = version + 1")
    wait_for(lambda: runtime.stale_since() is not None, "the loss to be noticed")
    yield
    if "elsewhere" in connection.introspection.table_names():
        repair()


def repair() -> None:
    raw_sql("ALTER TABLE elsewhere RENAME TO system_config; UPDATE config_state SET version = version + 1")


in_process = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_watching")]


def port_becomes(port: int) -> None:
    wait_for(lambda: get_config().port == port, f"port {port}")


class TestWatching:
    """A watcher in this process."""

    pytestmark = in_process

    def test_a_change_made_elsewhere_is_in_force_by_itself(self) -> None:
        set_row("port", "9001")
        port_becomes(9001)
        assert threading.active_count() < 20

    def test_many_changes_in_a_row_end_at_the_last(self) -> None:
        for port in range(9001, 9021):
            set_row("port", str(port))
        port_becomes(9020)
        wait_for(lambda: not runtime.get_snapshot().drifted, "the last change to be recorded")

    def test_starting_twice_gives_one_watcher(self) -> None:
        assert watching.start() is watching.start()
        assert [t.name for t in threading.enumerate()].count("config-watcher") == 1
        assert watching.is_watching()

    def test_stopping_is_quick_and_for_good(self) -> None:
        started = time.monotonic()
        watching.stop()
        assert time.monotonic() - started < 5.0
        assert not watching.is_watching()
        # On a busy machine, its thread may end later than `stop` returns.
        wait_for(lambda: "config-watcher" not in [t.name for t in threading.enumerate()], "its end")
        set_row("port", "9001")
        assert get_config().port == 8884
        watching.stop()

    def test_it_can_be_started_again(self) -> None:
        watching.stop()
        set_row("port", "9001")
        watching.start()
        port_becomes(9001)

    def test_it_leaves_no_connection_of_its_own_behind(self) -> None:
        mine = connections["default"].connection
        watching.stop()
        assert connections["default"].connection is mine

    def test_a_refused_value_does_not_stop_it(self) -> None:
        set_row("port", "abc")
        wait_for(lambda: runtime.get_snapshot().problems, "the refused value to be noticed")
        set_row("log_level", "debug")
        wait_for(lambda: get_config().log_level == "debug", "the next change")
        assert get_config().port == 8884

    def test_an_error_of_ours_is_logged_and_does_not_stop_it(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def broken(*_: object) -> None:
            raise ZeroDivisionError

        with monkeypatch.context() as patch:
            patch.setattr(runtime, "read_snapshot", broken)
            set_row("port", "9001")
            wait_for(lambda: "watching the configuration failed" in caplog.text, "the log line")
        port_becomes(9001)

    def test_what_cannot_be_recorded_now_is_in_force_and_recorded_later(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(watcher, "ADOPT_AGAIN", 0.05)

        def locked() -> None:
            raise DatabaseUnavailable("database is locked")

        with monkeypatch.context() as patch:
            patch.setattr(watcher, "adopt_now", locked)
            set_row("port", "9001")
            port_becomes(9001)
            wait_for(lambda: "could not be recorded in the history" in caplog.text, "the warning")
        wait_for(lambda: not runtime.get_snapshot().drifted, "the change to be recorded")

    def test_a_database_that_is_locked_for_a_while_is_waited_for(self) -> None:
        with contextlib.closing(
            sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        ) as client:
            client.execute("BEGIN EXCLUSIVE")
            client.execute("REPLACE INTO system_config (config_key, config_value) VALUES ('port', '9001')")
            assert get_config().port == 8884
            client.execute("COMMIT")
        port_becomes(9001)
        assert watching.is_watching()

    def test_what_no_trigger_counted_is_noticed_in_time_and_recorded(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        watching.stop()
        monkeypatch.setattr(watcher, "REVALIDATE", 0.0)
        watching.start()
        raw_sql("DROP TRIGGER system_config_insert_bumps")
        try:
            set_row("port", "9001")
            assert not store.read().drifted
            port_becomes(9001)
            # The watcher also runs the hub's housekeeping, which may add a later revision.
            wait_for(lambda: Revision.objects.filter(channel="sql").exists(), "the record")
        finally:
            triggers.install(using="default")

    def test_a_row_that_is_signed_says_which_revision_runs(self) -> None:
        plan({"port": 9001}).apply()
        wait_for(lambda: signed_revisions() == [runtime.get_snapshot().revision], "the receipt")


def signed_revisions() -> list[int]:
    from config_app.propagation import receipts

    return [process.revision for process in receipts.running()]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_broken")
def test_a_database_that_comes_back_is_current_again_without_help(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert get_config().port == 8884
    with caplog.at_level(logging.INFO, logger="config_app"):
        repair()
        set_row("port", "9001")
        port_becomes(9001)
    wait_for(lambda: runtime.stale_since() is None, "the configuration to be current")
    assert "the database is available again" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_the_first_request_starts_it_but_not_in_a_test(
    transactional_db: None, install: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    Client().get("/")
    assert not watching.is_watching()
    monkeypatch.setattr(watching, "is_test_run", lambda: False)
    reset_process()
    try:
        Client().get("/")
        assert watching.is_watching()
    finally:
        watching.stop()


@pytest.mark.django_db(transaction=True)
def test_a_watcher_that_loads_while_it_is_stopped_starts_no_other(
    transactional_db: None, install: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "is_test_run", lambda: False)
    reset_process()
    loads, may_load = threading.Event(), threading.Event()
    load = runtime.reload_without_hooks

    def load_late() -> Snapshot:
        loads.set()
        may_load.wait(DEADLINE)
        return load()

    monkeypatch.setattr(runtime, "reload_without_hooks", load_late)
    running = watching.start()
    assert loads.wait(DEADLINE)
    monkeypatch.setattr(running, "stop", running._stopping.set)  # the caller does not wait for the load
    watching.stop()
    may_load.set()
    running.join(DEADLINE)
    assert "config-watcher" not in [thread.name for thread in threading.enumerate()]


WATCH = """
import sys
from config_app.propagation import receipts, watcher, watching
from config_app.live import runtime
from config_app.api import get_config
from django.db import connections
from tests.support.waiting import DEADLINE, wait_for
for line in sys.stdin:
    connections.close_all()  # this thread's stays with the file that it was opened on
    port = int(line)
    wait_for(lambda: get_config().port == port, "the port")
    wait_for(lambda: runtime.stale_since() is None, "the database")
    # Until nothing is left to record, as whoever copies a file in use has to hope for.
    wait_for(lambda: not runtime.get_snapshot().drifted, "the change to be recorded")
    is_signed = lambda: [p.revision for p in receipts.running()] == [runtime.get_snapshot().revision]
    wait_for(is_signed, "its receipt")
    print(get_config().port, flush=True)
watching.stop()
"""
START = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from config_app.propagation import watcher, watching
watching.start()
"""


def set_port(database: Path, port: int) -> None:
    with contextlib.closing(sqlite3.connect(database)) as client, client:
        client.execute("REPLACE INTO system_config (config_key, config_value) VALUES ('port', ?)", (port,))


def test_a_replaced_a_deleted_and_a_restored_file_are_survived(hub_process: HubProcess) -> None:
    hub = hub_process
    hub.bring_up()
    with crew([hub], WATCH, prepare=START) as started:
        started.tell("")
        started.tell("8884")  # its first receipt may not be written while the file is copied and replaced
        assert started.hear() == ["8884"]
        copy = hub.folder / "copy.db"
        shutil.copy(hub.database, copy)
        set_port(copy, 9001)
        copy.rename(hub.database)
        started.tell("9001")
        assert started.hear() == ["9001"]

        shutil.copy(hub.database, copy)
        hub.database.unlink()
        set_port(copy, 9002)
        assert not hub.database.exists()
        copy.rename(hub.database)
        started.tell("9002")
        assert started.hear() == ["9002"]

        shutil.copy(hub.database, copy)
        set_port(copy, 9003)
        hub.database.write_bytes(copy.read_bytes())
        started.tell("9003")
        assert started.hear() == ["9003"]
