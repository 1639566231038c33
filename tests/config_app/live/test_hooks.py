"""``on_change``: which hooks are called after a change, when, and in which order."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from config_app.api import get_config, on_change, plan
from config_app.live import hooks, runtime
from config_app.live.hooks import announce, run_due
from config_app.testing import reset_process
from hub.runtime_config import schema
from tests.support.databases.raw_sql import set_row


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Yield a list to which the test's hooks add their arguments; remove these hooks afterwards."""
    monkeypatch.setattr(hooks, "_hooks", [])
    return []


@pytest.fixture
def _install(transactional_db: None, install: None) -> None:
    get_config()


installed = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_install")]


class TestAChange:
    """A change of the configuration calls the hooks of the changed settings."""

    pytestmark = installed

    def test_a_hook_gets_the_old_and_the_new_configuration_once(self, heard: list[Any]) -> None:
        @on_change("port")
        def hook(old: Any, new: Any) -> None:
            heard.append((old.port, new.port, get_config().port))

        plan({"port": 9001}).apply()
        runtime.reload()
        assert heard == [(8884, 9001, 9001)]

    def test_a_hook_hears_only_of_its_settings_and_one_without_settings_of_all(
        self, heard: list[Any]
    ) -> None:
        on_change("port", "bind_address")(lambda _old, _new: heard.append("network"))
        on_change()(lambda _old, _new: heard.append("any"))
        plan({"log_level": "debug"}).apply()
        assert heard == ["any"]
        plan({"bind_address": "0.0.0.0", "port": 9001}).apply()  # noqa: S104
        assert heard == ["any", "network", "any"]

    def test_a_revision_that_changes_no_value_in_force_calls_nobody(self, heard: list[Any]) -> None:
        on_change()(lambda *_: heard.append("called"))
        set_row("port", "abc")
        runtime.reload()
        set_row("port", "8884")
        runtime.reload()
        assert heard == []

    def test_hooks_run_in_the_order_of_their_registration(self, heard: list[Any]) -> None:
        for number in range(5):
            on_change("port")(lambda _old, _new, number=number: heard.append(number))
        plan({"port": 9001}).apply()
        assert heard == [0, 1, 2, 3, 4]

    def test_what_a_hook_raises_is_logged_and_stops_nothing(
        self, heard: list[Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        @on_change("port")
        def broken(_old: Any, _new: Any) -> None:
            raise ZeroDivisionError

        on_change("port")(lambda _old, new: heard.append(new.port))
        with caplog.at_level(logging.ERROR):
            assert plan({"port": 9001}).apply() is not None
        assert (heard, get_config().port) == ([9001], 9001)
        assert "test_hooks." in caplog.text
        assert "broken failed" in caplog.text

    def test_a_hook_that_is_no_function_may_fail_too(self, caplog: pytest.LogCaptureFixture) -> None:
        class Hook:
            def __call__(self, _old: Any, _new: Any) -> None:
                raise ZeroDivisionError

        on_change()(Hook())
        plan({"port": 9001}).apply()
        assert "the on_change hook tests.config_app.live.test_hooks." in caplog.text

    def test_a_hook_that_changes_the_configuration_lets_the_others_hear_in_order(
        self, heard: list[Any]
    ) -> None:
        @on_change("port")
        def follow(_old: Any, new: Any) -> None:
            plan({"server_workers": 3}).apply()
            assert get_config().server_workers == 3

        on_change()(lambda old, new: heard.append(schema.changed_keys(old, new)))
        plan({"port": 9001}).apply()
        assert heard == [["port"], ["server_workers"]]

    def test_a_rolled_back_change_calls_nobody(self, heard: list[Any]) -> None:
        on_change()(lambda *_: heard.append("called"))

        with contextlib.suppress(KeyError), transaction.atomic():
            plan({"port": 9001}).apply()
            raise KeyError
        runtime.reload()
        assert heard == []

    def test_nobody_is_called_for_the_first_configuration_of_a_process(self, heard: list[Any]) -> None:
        on_change()(lambda *_: heard.append("called"))
        reset_process()
        get_config()
        assert heard == []


def test_threads_call_hooks_one_at_a_time_and_in_order(heard: list[Any]) -> None:
    busy = threading.Lock()

    @on_change()
    def hook(_old: Any, new: Any) -> None:
        assert busy.acquire(blocking=False)
        heard.append(new)
        busy.release()

    lock, barrier, numbers = threading.Lock(), threading.Barrier(8), iter(range(800))

    def work() -> None:
        barrier.wait()
        for _ in range(100):
            with lock:
                announce(["x"], None, next(numbers))
            run_due()

    with running(threading.Thread(target=work) for _ in range(8)):
        pass
    assert heard == list(range(800))


@contextlib.contextmanager
def running(threads: Iterator[threading.Thread]) -> Iterator[None]:
    started = list(threads)
    for thread in started:
        thread.start()
    yield
    for thread in started:
        thread.join()


def test_the_decorated_function_stays_what_it_was() -> None:
    def hook(_old: Any, _new: Any) -> None:
        """Do nothing."""

    assert on_change("port")(hook) is hook
