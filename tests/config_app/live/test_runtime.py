"""A process reads its configuration without I/O, and keeps it while the database is unavailable."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Iterator

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config_app.api import aget_config, get_config, get_snapshot, plan, reload_config
from config_app.errors import DatabaseUnavailable
from config_app.live import freshness, hooks, runtime
from config_app.live.snapshot import read_snapshot
from config_app.testing import reset_process
from hub.runtime_config import RuntimeConfig
from tests.support.databases.raw_sql import raw_sql, set_row

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _install(transactional_db: None, install: None) -> None:
    reset_process()


@pytest.fixture
def broken() -> Iterator[None]:
    """Rename the table during a test."""
    get_config()
    raw_sql("ALTER TABLE system_config RENAME TO elsewhere")
    yield
    if connection.introspection.table_names().count("elsewhere"):
        repair()


def repair() -> None:
    raw_sql("ALTER TABLE elsewhere RENAME TO system_config")


def test_after_the_first_time_nothing_is_asked_of_the_database() -> None:
    config = get_config()
    with CaptureQueriesContext(connection) as captured:
        for _ in range(10):
            assert get_config() is config
            assert get_snapshot().config is config
    assert len(captured) == 0


def test_the_configuration_is_typed_and_immutable() -> None:
    config = get_config()
    assert isinstance(config, RuntimeConfig)
    assert (config.port, config.allowed_hosts, config.enable_hsts) == (8884, (), False)
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.port = 9001  # type: ignore[misc]  # that is the point


def test_a_change_puts_a_new_object_in_force_and_leaves_the_old_one_as_it_was() -> None:
    before = get_config()
    plan({"port": 9001}).apply()
    assert (before.port, get_config().port) == (8884, 9001)


def test_another_process_change_is_in_force_on_demand() -> None:
    get_config()
    set_row("port", "9001")
    assert get_config().port == 8884
    assert reload_config().port == 9001
    set_row("port", "9002")
    assert async_to_sync(aget_config)(force_reload=True).port == 9002
    assert async_to_sync(aget_config)().port == 9002


def test_a_new_config_is_never_seen_in_part() -> None:
    stop, seen = threading.Event(), set()

    def read() -> None:
        while not stop.is_set():
            config = get_config()
            seen.add((config.port, config.server_workers))

    readers = [threading.Thread(target=read)]
    get_config()
    for reader in readers:
        reader.start()
    for number in range(2, 6):
        plan({"port": 9000 + number, "server_workers": number}).apply()
    stop.set()
    for reader in readers:
        reader.join()
    assert seen <= {(8884, 2), *((9000 + number, number) for number in range(2, 6))}


def test_without_a_database_the_last_good_configuration_stays_in_force(
    broken: None, caplog: pytest.LogCaptureFixture
) -> None:
    assert runtime.stale_since() is None
    with caplog.at_level(logging.INFO, logger="config_app"):
        for _ in range(3):
            assert runtime.reload().config.port == 8884
    assert runtime.stale_since() is not None
    assert [r.levelname for r in caplog.records if "last good" in r.getMessage()] == ["ERROR"]
    with pytest.raises(DatabaseUnavailable):
        plan({"port": 9001})


def test_once_the_database_is_back_the_configuration_is_current_again(
    broken: None, caplog: pytest.LogCaptureFixture
) -> None:
    runtime.reload()
    repair()
    set_row("port", "9001")
    with caplog.at_level(logging.INFO, logger="config_app"):
        assert runtime.reload().config.port == 9001
    assert runtime.stale_since() is None
    assert "the database is available again" in caplog.text


def test_a_process_that_never_had_a_configuration_says_that_there_is_none(broken: None) -> None:
    reset_process()
    for ask in (get_config, get_snapshot, runtime.reload):
        with pytest.raises(DatabaseUnavailable):
            ask()


def test_the_age_counts_from_when_the_configuration_was_last_seen_to_be_current() -> None:
    assert freshness.config_age() == 0.0
    get_config()
    first = freshness.config_age()
    freshness.confirm_current()
    assert freshness.config_age() <= first + 1.0


def test_a_problem_is_logged_once_however_often_it_is_seen(caplog: pytest.LogCaptureFixture) -> None:
    set_row("port", "abc")
    with caplog.at_level(logging.WARNING, logger="config_app"):
        for _ in range(3):
            runtime.reload()
    assert len([r for r in caplog.records if "port" in r.getMessage()]) == 1


def test_reading_a_snapshot_changes_nothing_in_this_process() -> None:
    before = get_snapshot()
    set_row("port", "9001")
    assert read_snapshot().config.port == 9001
    assert get_snapshot() is before


def test_the_revision_is_in_force_since_it_first_was() -> None:
    first = runtime.reload()
    assert runtime.reload().in_force_at == first.in_force_at
    plan({"port": 9001}).apply()
    assert get_snapshot().in_force_at > first.in_force_at


def test_the_first_read_of_many_threads_loads_one_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "_hooks", [])
    barrier, seen = threading.Barrier(6), []

    def read() -> None:
        barrier.wait()
        seen.append(get_config())
        connection.close()

    readers = [threading.Thread(target=read) for _ in range(6)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(seen) == 6
    assert {config.port for config in seen} == {8884}
