"""A request uses one revision from start to end, and its log lines name it."""

from __future__ import annotations

import importlib
import logging
import re
import threading
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from config_app.api import get_config, override_config, plan
from config_app.live import runtime
from config_app.middleware import one_revision
from hub.logs.format import LOGGING
from hub.models import User
from tests.support.browsers.clients import browser, configure
from tests.support.processes.hub_process import HubProcess
from tests.support.waiting import wait_for

logger = logging.getLogger("hub.tests")


@pytest.fixture
def lines() -> Iterator[Callable[[], list[str]]]:
    """Yield a function that returns the log lines in the hub's format."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(LOGGING["formatters"]["line"]["format"]))
    handler.addFilter(LOGGING["filters"]["at_revision"]["()"]())
    logging.getLogger().addHandler(handler)
    yield lambda: stream.getvalue().splitlines()
    logging.getLogger().removeHandler(handler)


def within_request(action: Callable[[], object]) -> None:
    """Call a function within a request."""

    def view(_request: HttpRequest) -> HttpResponse:
        action()
        return HttpResponse()

    one_revision(view)(RequestFactory().get("/"))


def commit_elsewhere(level: str) -> None:
    """Change the log level in another thread, and reload the configuration in this process."""
    plan({"log_level": level}).apply()
    runtime.reload()


def test_a_change_during_a_request_is_seen_by_the_next_one(install: None) -> None:
    seen = []

    def look() -> None:
        seen.append(get_config().log_level)

    def look_twice() -> None:
        look()
        commit_elsewhere("debug")
        look()

    within_request(look_twice)
    within_request(look)
    assert seen == ["info", "info", "debug"]


def test_log_lines_of_a_request_carry_its_revision(install: None, lines: Callable[[], list[str]]) -> None:
    def change_and_say() -> None:
        commit_elsewhere("debug")
        logger.warning("within")

    within_request(change_and_say)
    within_request(lambda: logger.warning("later"))
    within, later = (line for line in lines() if "hub.tests" in line)
    assert within.endswith("WARNING hub.tests revision=1: within")
    assert later.endswith("WARNING hub.tests revision=2: later")


def test_log_lines_outside_of_requests_carry_none(install: None, lines: Callable[[], list[str]]) -> None:
    runtime.reload()
    logger.warning("outside")
    assert lines()[-1].endswith("WARNING hub.tests: outside")


def test_other_threads_carry_none(install: None, lines: Callable[[], list[str]]) -> None:
    def say_elsewhere() -> None:
        thread = threading.Thread(target=logger.warning, args=("elsewhere",))
        thread.start()
        thread.join()

    within_request(say_elsewhere)
    assert lines()[-1].endswith("WARNING hub.tests: elsewhere")


def test_what_django_reports_once_the_request_is_over_carries_it_too(
    owner: User, lines: Callable[[], list[str]]
) -> None:
    Client(SERVER_NAME="127.0.0.1").get("/health/nowhere")
    assert any(line.endswith("django.request revision=2: Not Found: /health/nowhere") for line in lines())


def test_values_that_a_test_overrides_are_seen_by_the_request(install: None) -> None:
    seen: dict[str, str] = {}
    with override_config(log_level="error"):
        within_request(lambda: seen.update(level=get_config().log_level))
    assert seen == {"level": "error"}


def change_while(monkeypatch: pytest.MonkeyPatch, place: str, **changes: object) -> None:
    """Change the configuration when a request reaches ``place``."""
    module, _, name = place.rpartition(".")
    original = getattr(importlib.import_module(module), name)

    def changing(*args: object, **kwargs: object) -> object:
        monkeypatch.undo()
        configure(**changes)
        return original(*args, **kwargs)

    monkeypatch.setattr(place, changing)


def test_headers_and_body_of_a_response_are_of_one_revision(
    owner_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(csp_report_uri="https://csp.example/3", public_url="http://three.example")
    four = {"csp_report_uri": "https://csp.example/4", "public_url": "http://four.example"}
    change_while(monkeypatch, "hub.dashboard.views.problem_rows", **four)
    page = owner_client.get("/")
    assert "csp.example/3" in page.headers["Content-Security-Policy"]
    assert "three.example" in page.text
    assert "Revision 3 is live" in re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.text))
    page = owner_client.get("/")
    assert "csp.example/4" in page.headers["Content-Security-Policy"]
    assert "four.example" in page.text


@pytest.mark.parametrize("path", ["/api/config", "/admin/config_app/systemconfig/"])
def test_what_shows_the_database_has_the_headers_of_what_it_shows(
    owner_client: Client, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    configure(csp_report_uri="https://csp.example/3")
    change_while(monkeypatch, "hub.middleware.hosts.is_allowed", csp_report_uri="https://csp.example/4")
    page = owner_client.get(path)
    assert "https://csp.example/4" in page.text
    assert "csp.example/4" in page.headers["Content-Security-Policy"]


def test_health_says_what_the_request_sees(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    change_while(monkeypatch, "hub.middleware.hosts.is_allowed", csp_report_uri="https://csp.example/3")
    answer = browser().get("/health/ready")
    assert answer.json()["revision"] == 2
    assert "csp.example" not in answer.headers["Content-Security-Policy"]


def test_rights_are_those_of_the_newest_revision_also_in_a_request_that_began_before(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = User.objects.create_user("second@example.com")
    configure(super_admin_emails="owner@example.com, second@example.com")
    client = browser()
    client.force_login(second)
    assert client.get("/api/config").status_code == 200
    change_while(monkeypatch, "hub.middleware.hosts.is_allowed", super_admin_emails="owner@example.com")
    assert client.get("/api/config").status_code == 403


def test_a_served_hub_stamps_its_lines(any_hub_process: HubProcess) -> None:
    hub = any_hub_process
    hub.serve(workers=1)
    number = hub.health()["revision"]
    assert hub.get("/health/nowhere").status == 404
    wanted = f"WARNING django.request revision={number}: Not Found: /health/nowhere"
    wait_for(lambda: wanted in hub.log.read_text(), "the line")
