"""A request sees one revision from start to end, and its log lines say which."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from config_app import runtime
from config_app.api import get_config, override_config, plan
from config_app.middleware import one_revision
from hub.logs_format import LOGGING
from hub.models import User
from tests.hub_process import HubProcess
from tests.waiting import wait_for

logger = logging.getLogger("hub.tests")


@pytest.fixture
def lines() -> Iterator[Callable[[], list[str]]]:
    """Give the lines that the hub would print."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(LOGGING["formatters"]["line"]["format"]))
    handler.addFilter(LOGGING["filters"]["at_revision"]["()"]())
    logging.getLogger().addHandler(handler)
    yield lambda: stream.getvalue().splitlines()
    logging.getLogger().removeHandler(handler)


def within_request(action: Callable[[], object]) -> None:
    """Do something within a request."""

    def view(_request: HttpRequest) -> HttpResponse:
        action()
        return HttpResponse()

    one_revision(view)(RequestFactory().get("/"))


def commit_elsewhere(level: str) -> None:
    """Change the log level as another thread does, and put it in force in this process."""
    plan({"log_level": level}).apply()
    runtime.refresh()


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
    runtime.refresh()
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


def test_a_served_hub_stamps_its_lines(any_hub_process: HubProcess) -> None:
    hub = any_hub_process
    hub.serve(workers=1)
    number = hub.health()["revision"]
    assert hub.get("/health/nowhere").status == 404
    wanted = f"WARNING django.request revision={number}: Not Found: /health/nowhere"
    wait_for(lambda: wanted in hub.log.read_text(), "the line")
