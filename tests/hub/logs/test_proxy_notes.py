"""What requests show about the proxies is logged and reported (requirements W3 and W4)."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from config_app.api import get_config
from config_app.live import runtime
from config_app.problems import Problem
from hub.dashboard.problems import problem_rows
from hub.logs import proxy_notes, request_notes
from tests.support.browsers.clients import SERVER, configure

FORWARDED: dict[str, Any] = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": "198.51.100.7"}
PUBLIC = "https://hub.example.com"
HOST: dict[str, Any] = {"HTTP_HOST": "hub.example.com"}


def problems() -> list[Problem]:
    return proxy_notes.problems(get_config())


def behind_https(**changes: Any) -> None:
    configure(**{"public_url": PUBLIC, "trusted_proxies": "127.0.0.1", "enable_hsts": True, **changes})


def visit(path: str = "/auth/login", **environ: Any) -> None:
    Client(**{**SERVER, **environ}).get(path)


@pytest.mark.usefixtures("owner")
def test_an_ignored_proxy_is_logged_once_and_shown(caplog: pytest.LogCaptureFixture) -> None:
    client = Client(**SERVER, **FORWARDED)
    for _ in range(3):
        client.get("/auth/login")
    lines = [record.getMessage() for record in caplog.records if "forwarded headers" in record.getMessage()]
    assert len(lines) == 1
    assert "from 127.0.0.1 are ignored, because trusted_proxies lacks this address" in lines[0]
    (row,) = [row for row in problem_rows(runtime.get_snapshot()) if "orwarded headers" in row["title"]]
    assert row["fix"].endswith("run manage.py config set trusted_proxies 127.0.0.1")
    configure(trusted_proxies="127.0.0.1")
    assert "orwarded headers" not in str(problem_rows(runtime.get_snapshot()))


@pytest.mark.usefixtures("owner")
def test_the_cure_keeps_the_proxies_that_are_trusted_already() -> None:
    configure(trusted_proxies="10.0.0.0/8,192.168.1.1")
    visit(**FORWARDED)
    (problem,) = problems()
    assert problem.fix.endswith("config set trusted_proxies 10.0.0.0/8,192.168.1.1/32,127.0.0.1")


@pytest.mark.usefixtures("install")
@pytest.mark.parametrize("header", ["X_FORWARDED_FOR", "X_FORWARDED_PROTO", "FORWARDED", "X_REAL_IP"])
def test_strangers_on_the_internet_are_not_taken_for_proxies(
    header: str, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(30):
        environ: dict[str, Any] = {**SERVER, "REMOTE_ADDR": f"93.184.216.{number}", f"HTTP_{header}": "https"}
        Client(**environ).get("/health/live")
    assert problems() == []
    assert "forwarded headers" not in caplog.text


@pytest.mark.usefixtures("install")
@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"x": 1}',
        '[["proxy_ignored"]]',
        '[["proxy_ignored", "10.0.0.1", "x", 1, 1]]',
        '[["proxy_ignored", "10.0.0.1", 1, 1, 1]]',
        "null",
        "1",
        "[1]",
    ],
)
def test_a_damaged_or_old_file_reports_nothing(content: str) -> None:
    (settings.INSTANCE.data_dir / "request-notes.json").write_text(content)
    assert problems() == []


def test_a_flood_of_requests_writes_the_file_only_a_few_times(
    install: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytes] = []
    monkeypatch.setattr(request_notes, "replace", lambda _path, content: written.append(content))
    for number in range(100):
        request_notes.note("host_refused", f"host{number}.example.com")
    assert 0 < len(written) <= request_notes.MOST


def test_the_file_is_bounded_however_many_processes_write_it(install: None) -> None:
    for number in range(100):
        request_notes._noted.clear()
        request_notes.note("host_refused", f"host{number}.example.com")
    subjects = [found.subject for found in request_notes.recent("host_refused")]
    assert subjects == [f"host{number}.example.com" for number in range(80, 100)]


def test_the_log_is_bounded_whatever_private_addresses_send(install: None) -> None:
    for number in range(100):
        proxy_notes.note(proxy_notes.IGNORED, f"10.0.0.{number}", get_config())
    assert 0 < len(problems()) <= request_notes.MOST


CLIENT: dict[str, Any] = {"HTTP_X_FORWARDED_FOR": "198.51.100.7"}


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({**CLIENT, **HOST}, "the trusted proxy 127.0.0.1 sends no X-Forwarded-Proto"),
        ({**CLIENT, **HOST, "HTTP_X_FORWARDED_PROTO": " "}, "sends no X-Forwarded-Proto"),
        ({**CLIENT, **HOST, "HTTP_X_FORWARDED_PROTO": "http"}, "sends X-Forwarded-Proto: http, so"),
        ({**CLIENT, **HOST, "HTTP_X_FORWARDED_PROTO": "https, http"}, "with several values"),
        ({**CLIENT, "HTTP_HOST": "hub.example.com:8443"}, "sends no X-Forwarded-Proto"),
        ({**CLIENT, "HTTP_ORIGIN": f"{PUBLIC}:8443"}, "sends no X-Forwarded-Proto"),
        ({**CLIENT, "HTTP_ORIGIN": PUBLIC}, "sends no X-Forwarded-Proto"),
        ({**CLIENT, "HTTP_REFERER": f"{PUBLIC}/auth/login"}, "sends no X-Forwarded-Proto"),
    ],
)
def test_a_trusted_proxy_that_hides_https_is_found_everywhere(
    environ: dict[str, Any], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    behind_https()
    visit(**environ)
    (problem,) = problems()
    assert (problem.code, words in problem.message) == ("proxy_hides_https", True)
    assert "X-Forwarded-Proto" in problem.fix or "pass it on" in problem.fix
    assert words in caplog.text
    assert words.removeprefix("the ") in str(problem_rows(runtime.get_snapshot()))
    configure(public_url="http://hub.example.com")
    assert problems() == []


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize(
    "environ",
    [
        {**HOST, "HTTP_X_FORWARDED_PROTO": "https"},
        {**HOST, "HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": "unknown"},
        {**HOST, "HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_REAL_IP": "198.51.100.7"},
        {"HTTP_X_FORWARDED_PROTO": "http", "HTTP_X_REAL_IP": "198.51.100.7"},
        {"HTTP_FORWARDED": "for=198.51.100.7;proto=https"},
    ],
)
def test_a_trusted_proxy_that_hides_the_clients_is_found(
    environ: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    behind_https()
    visit(**environ)
    (problem,) = problems()
    words = "the trusted proxy 127.0.0.1 sends no X-Forwarded-For with the address of the client"
    assert (problem.code, problem.message.startswith(words)) == ("proxy_hides_clients", True)
    assert words in caplog.text


@pytest.mark.usefixtures("owner")
def test_a_proxy_between_trusted_proxies_and_the_clients_is_found() -> None:
    behind_https()
    visit(**HOST, HTTP_X_FORWARDED_PROTO="https", HTTP_X_FORWARDED_FOR="198.51.100.7, 10.0.0.9")
    (problem,) = problems()
    assert "says that 10.0.0.9 forwards requests too" in problem.message
    assert problem.fix.endswith("config set trusted_proxies 127.0.0.1/32,10.0.0.9")


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize(
    ("path", "environ"),
    [
        ("/auth/login", {**HOST, **FORWARDED}),
        ("/auth/login", {**HOST, **FORWARDED, "HTTP_X_FORWARDED_FOR": "127.0.0.1"}),
        ("/auth/login", {**HOST, **FORWARDED, "HTTP_X_FORWARDED_FOR": "93.184.216.1, 93.184.216.2"}),
        ("/auth/login", {}),  # a browser on the machine of the proxy and the hub
        ("/auth/login", {"HTTP_HOST": "hub.example.com:80"}),  # the port of the hub in these tests
        ("/auth/login", {"HTTP_HOST": "localhost:8884", "HTTP_ORIGIN": "http://hub.example.com"}),
        ("/health/ready", HOST),  # a health check by the proxy
        ("/health/live", {**HOST, "HTTP_X_FORWARDED_PROTO": "http"}),
    ],
)
def test_a_request_without_a_fault_of_the_proxy_is_not_noted(path: str, environ: dict[str, Any]) -> None:
    behind_https()
    visit(path, **environ)
    assert problems() == []


@pytest.mark.usefixtures("owner")
def test_a_problem_says_when_the_proxy_was_last_seen_and_ends_later(monkeypatch: pytest.MonkeyPatch) -> None:
    visit(**FORWARDED)
    assert re.search(r"\(last seen at [0-2]\d:[0-5]\d UTC\)$", problems()[0].message)
    later = time.time() + request_notes.KEEP + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert problems() == []


def warnings_in(caplog: pytest.LogCaptureFixture) -> int:
    return sum("from 127.0.0.1 are ignored" in record.getMessage() for record in caplog.records)


@pytest.mark.usefixtures("owner")
def test_a_changed_configuration_makes_the_log_warn_again(caplog: pytest.LogCaptureFixture) -> None:
    for proxies in ("", "10.0.0.1", "10.0.0.2"):
        configure(trusted_proxies=proxies)
        visit(**FORWARDED)
        visit(**FORWARDED)
    assert warnings_in(caplog) == 3


@pytest.mark.usefixtures("owner")
def test_the_log_warns_again_every_hour(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, ticks = time.time(), round(time.monotonic())  # whole seconds, so that sums are exact
    for minute in range(121):
        monkeypatch.setattr(time, "time", lambda minute=minute: start + 60 * minute)
        monkeypatch.setattr(time, "monotonic", lambda minute=minute: ticks + 60 * minute)
        visit(**FORWARDED)
    assert warnings_in(caplog) == 3


@pytest.mark.usefixtures("owner")
def test_another_process_does_not_repeat_the_line(caplog: pytest.LogCaptureFixture) -> None:
    for _process in range(2):
        request_notes._noted.clear()
        visit(**FORWARDED)
    assert warnings_in(caplog) == 1


@pytest.mark.usefixtures("install")
def test_a_note_about_no_address_is_left_out() -> None:
    (settings.INSTANCE.data_dir / "request-notes.json").write_text(
        json.dumps([["proxy_ignored", "x", time.time(), 1, 1], ["other", "10.0.0.1", time.time(), 1, 1]])
    )
    assert problems() == []
