"""A process's receipt contains the errors that occurred when it loaded or applied a revision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from config_app.api import get_config, on_change, plan
from config_app.live import hooks, runtime
from config_app.models import Process
from config_app.propagation import receipts, watcher, watching
from config_app.testing import reset_process
from tests.support.config_command import CANARY, sql, write_row
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("transactional_db", "install")]


@pytest.fixture(autouse=True)
def no_hooks_left() -> Iterator[None]:
    registered = list(hooks._hooks)
    yield
    hooks._hooks[:] = registered
    reset_process()


def fail_on(*keys: str) -> Callable[[Any, Any], None]:
    @on_change(*keys)
    def fails(_old: Any, new: Any) -> None:
        if new.log_level == "debug":
            raise RuntimeError(CANARY)

    return fails


def signed_error() -> str:
    receipts.sign()
    return Process.objects.get().error


def test_a_process_without_trouble_has_none() -> None:
    assert signed_error() == ""


def test_a_hook_that_fails_is_named_and_what_it_raised_is_not() -> None:
    fail_on("log_level")
    plan({"log_level": "debug"}).apply()
    assert "fails failed: RuntimeError" in signed_error()
    assert CANARY not in signed_error()


def test_a_hook_that_fails_stops_neither_the_change_nor_the_next_hook() -> None:
    seen = []
    fail_on()
    on_change()(lambda old, new: seen.append((old.log_level, new.log_level)))
    plan({"log_level": "debug"}).apply()
    assert get_config().log_level == "debug"
    assert seen == [("info", "debug")]


def test_the_error_goes_once_the_hook_succeeds() -> None:
    fail_on("log_level")
    plan({"log_level": "debug"}).apply()
    plan({"port": 9001}).apply()
    assert "RuntimeError" in signed_error()
    plan({"log_level": "info"}).apply()
    assert signed_error() == ""


def test_a_value_that_is_refused_is_named_without_the_value() -> None:
    write_row("port", "banana")
    runtime.reload()
    assert "port: the stored value is not valid" in signed_error()
    assert "banana" not in signed_error()


def test_a_secret_that_cannot_be_decrypted_is_named() -> None:
    plan({"workos_api_key": CANARY}).apply()
    sql("UPDATE system_config SET config_value = 'gAAAA' WHERE config_key = 'workos_api_key'")
    runtime.reload()
    assert "workos_api_key: the stored secret cannot be decrypted" in signed_error()


def test_a_watcher_that_cannot_take_up_a_change_says_so_and_recovers(monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_it() -> None:
        raise ValueError(CANARY)

    monkeypatch.setattr(watcher, "RETRY", 0.01)
    try:
        watching.start()
        wait_for(Process.objects.exists, "the first receipt")
        with monkeypatch.context() as broken:
            broken.setattr(runtime, "reload_without_hooks", raise_it)
            write_row("log_level", "debug")
            text = "the configuration cannot be loaded: ValueError"
            wait_for(lambda: Process.objects.get().error == text, "the error")
        wait_for(lambda: Process.objects.get().error == "", "the recovery")
        assert get_config().log_level == "debug"
    finally:
        watching.stop()
