"""The hub's log: one format, each line only once, and the configured level."""

from __future__ import annotations

import copy
import io
import logging
import logging.config
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from hub.auth import proof
from hub.logs.format import LOGGING, QUIET, OnlyFaultsWithTraceback
from hub.logs.level import LOGGERS, apply_level
from hub.models import User
from hub.runtime_config import get_config
from hub.serving import process_hooks
from tests.conftest import PASSWORD
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


FORGED = "2026-01-01 00:00:00,000 ERROR forged: \x1b[31m\u202e"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Give the log as the hub writes it."""
    written = io.StringIO()
    settings = copy.deepcopy(LOGGING)
    settings["handlers"]["stderr"]["stream"] = written
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logging.config.dictConfig(settings)
    yield written
    logging.config.dictConfig(LOGGING)


def lines_that_are_not_the_hubs_own(log: io.StringIO) -> list[str]:
    """Return the lines that do not begin as the hub's lines do, or that contain unprintable characters."""
    return [
        line for line in log.getvalue().split("\n") if line and not (LINE.match(line) and line.isprintable())
    ]


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/admin/hub/user/?x", "/admin/config_app/revision/?q", "/auth/login?next", "/static/"],
)
def test_a_request_makes_no_lines_of_its_own(owner_client: Client, log: io.StringIO, path: str) -> None:
    owner_client.get(path + quote(f"=\n{FORGED}"), HTTP_HOST="127.0.0.1")
    owner_client.post("/auth/login", {"username": f"a@example.com\n{FORGED}", "password": "x"})
    browser().get("/", HTTP_HOST=f"evil.example\n{FORGED}")
    assert "FORGED" in log.getvalue().upper()
    assert lines_that_are_not_the_hubs_own(log) == []


def test_only_a_traceback_adds_lines_and_they_are_indented(log: io.StringIO) -> None:
    try:
        raise RuntimeError(f"broken\n{FORGED}")
    except RuntimeError:
        logging.getLogger("hub").exception("something\n%s", FORGED, stack_info=True)
    first, *others = log.getvalue().splitlines()
    assert LINE.match(first)
    assert f"something\\n{FORGED[:31]}" in first
    assert any("RuntimeError: broken" in line for line in others)
    assert [line for line in others if not line.startswith("  ") or not line.isprintable()] == []


def test_a_refused_request_has_no_traceback(owner: Any, log: io.StringIO) -> None:
    member = browser()
    member.force_login(User.objects.create_user("member@example.com", PASSWORD))
    assert member.get("/admin/hub/user/").status_code in {302, 403}
    assert browser().get("/", HTTP_HOST="evil.example").status_code == 400
    assert Client(enforce_csrf_checks=True, SERVER_NAME="127.0.0.1").post("/auth/login").status_code == 403
    assert "Traceback" not in log.getvalue()


def test_sign_ins_sign_outs_and_proofs_are_logged_with_the_address(owner: Any, log: io.StringIO) -> None:
    configure(trusted_proxies="127.0.0.1")
    client = browser(HTTP_X_FORWARDED_FOR="203.0.113.9")
    client.post("/auth/login", {"username": owner.email, "password": PASSWORD})
    session = client.session
    proof.note(session, age=None)
    session.save()
    client.post("/auth/proof", {"password": PASSWORD})
    client.post("/auth/logout")
    said = [line.partition(": ")[2] for line in log.getvalue().splitlines() if "203.0.113.9" in line]
    assert said == [
        f"{owner.email} {deed} from 203.0.113.9"
        for deed in ("signed in", "proved their identity", "signed out")
    ]
    assert PASSWORD not in log.getvalue()


def test_loggers_that_end_in_the_root_handler_have_none_of_their_own() -> None:
    for settings in (LOGGING, process_hooks.log_settings()):
        for logger in settings["loggers"].values():
            assert not logger.get("handlers")
            assert logger["propagate"]


def test_only_faults_keep_their_traceback() -> None:
    from config_app.errors import DatabaseUnavailable

    refused = PermissionDenied("not for you")
    for error, is_kept in (
        (DatabaseUnavailable("gone"), False),
        (refused, False),
        (RuntimeError("oops"), True),
    ):
        record = logging.LogRecord("django.request", logging.ERROR, "", 0, "failed", (), (None, error, None))  # type: ignore[arg-type]
        assert OnlyFaultsWithTraceback().filter(record)
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
    announced = ("Hub is served at", "Commands for this hub: ")
    said = [line for line in lines if not line.startswith(announced)]
    assert [line for line in said if not LINE.match(line)] == []
    assert len([line for line in said if "Booting worker" in line]) == 1


def logs_nothing(hub: HubProcess) -> bool:
    """Return whether a request for an unknown page writes no log line."""
    before = hub.log.stat().st_size
    hub.get("/nowhere")
    return hub.log.stat().st_size == before
