"""The hub's log: one format, each line only once, and the configured level."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest

from hub.logs.format import LOGGING, QUIET, WithoutOutages
from hub.logs.level import LOGGERS, apply_level
from hub.runtime_config import get_config
from hub.serving import process_hooks
from tests.support.browsers.clients import browser, configure
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import wait_for_workers
from tests.support.waiting import wait_for

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR|CRITICAL) [\w.]+")
LEVELS = ["debug", "info", "warning", "error", "critical"]


@pytest.fixture(autouse=True)
def levels() -> Iterator[None]:
    """Restore the log levels afterwards."""
    before = {name: logging.getLogger(name).level for name in (*LOGGERS, *QUIET)}
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.parametrize("level", LEVELS)
def test_the_configured_level_is_that_of_every_logger(owner: Any, level: str) -> None:
    configure(log_level=level)
    apply_level(get_config())
    for name in LOGGERS:
        assert logging.getLogger(name).getEffectiveLevel() == getattr(logging, level.upper())


def test_some_are_never_more_talkative_but_as_quiet_as_all(owner: Any) -> None:
    for level, expected in (("debug", "WARNING"), ("info", "WARNING"), ("error", "ERROR")):
        configure(log_level=level)
        apply_level(get_config())
        assert logging.getLogger("axes").getEffectiveLevel() == getattr(logging, expected)
        assert not logging.getLogger("django.template").isEnabledFor(logging.DEBUG)


def test_a_change_of_the_level_is_followed(transactional_db: None, owner: Any) -> None:
    for level in LEVELS:
        configure(log_level=level)
        assert logging.getLogger("hub").getEffectiveLevel() == getattr(logging, level.upper())


def test_refused_sign_ins_and_hosts_are_logged_with_the_address(owner: Any, caplog: Any) -> None:
    configure(trusted_proxies="127.0.0.1")
    visitor = browser(HTTP_X_FORWARDED_FOR="203.0.113.9")
    visitor.post("/auth/login", {"username": "owner@example.com", "password": "canary-7f3a"})
    visitor.get("/", HTTP_HOST="evil.example")
    lines = [record.getMessage() for record in caplog.records]
    assert len([line for line in lines if "203.0.113.9" in line]) == 2
    assert "canary" not in str(lines)


def test_what_a_template_gets_is_not_logged_even_at_debug(owner_client: Any, owner: Any, caplog: Any) -> None:
    configure(log_level="debug")
    page = owner_client.get(f"/admin/hub/user/{owner.pk}/change/")
    assert page.status_code == 200
    assert "csrf_token" not in caplog.text
    assert owner.password.split("$")[-1] not in caplog.text


def test_a_forged_path_makes_no_line_of_its_own(owner: Any, caplog: Any) -> None:
    browser().get("/nowhere%0a2026-01-01 00:00:00,000 ERROR forged")
    assert any("nowhere" in record.getMessage() for record in caplog.records)
    assert not any("\n" in record.getMessage() for record in caplog.records)


def test_loggers_that_end_in_the_root_handler_have_none_of_their_own() -> None:
    for settings in (LOGGING, process_hooks.log_settings()):
        for logger in settings["loggers"].values():
            assert not logger.get("handlers")
            assert logger["propagate"]


def test_only_outages_lose_their_traceback() -> None:
    from config_app.errors import DatabaseUnavailable

    for error, is_kept in ((DatabaseUnavailable("gone"), False), (RuntimeError("oops"), True)):
        record = logging.LogRecord("django.request", logging.ERROR, "", 0, "failed", (), (None, error, None))  # type: ignore[arg-type]
        assert WithoutOutages().filter(record)
        assert bool(record.exc_info) is is_kept


def test_a_served_hub_follows_the_level_and_says_everything_once(started_hub: HubProcess) -> None:
    hub = started_hub
    hub.claim()
    hub.serve(workers=1)
    try:
        wait_for_workers(hub, 1)
        hub.get("/first")
        hub.config("set", "log_level", "error")
        wait_for(lambda: logs_nothing(hub), "the level to be followed")
        hub.config("set", "log_level", "info")
        wait_for(lambda: not logs_nothing(hub), "the level to be followed back")
    finally:
        hub.stop()
    lines = hub.log.read_text().splitlines()
    assert len([line for line in lines if "Not Found: /first" in line]) == 1
    said = [line for line in lines if not line.startswith("Hub is served at")]
    assert [line for line in said if not LINE.match(line)] == []
    assert len([line for line in said if "Booting worker" in line]) == 1


def logs_nothing(hub: HubProcess) -> bool:
    """Return whether a request for an unknown page writes no log line."""
    before = hub.log.stat().st_size
    hub.get("/nowhere")
    return hub.log.stat().st_size == before
