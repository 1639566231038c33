"""Error pages say what is wrong and what to do, and reveal nothing that helps an attacker."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    connection,
)
from django.test import Client

from config_app.api import get_config
from config_app.errors import ConfigError, DatabaseUnavailable, KeyringLocked, NewerSchema
from config_app.live import runtime
from hub.responses import outage_log
from tests.support.browsers.clients import browser

PLACE = "/srv/secret-place/hub.db"
OUTAGES = [
    DatabaseUnavailable(f"{PLACE}: disk I/O error", "check the disk"),
    OperationalError(f"unable to open {PLACE}"),
    InterfaceError("connection already closed"),
    DatabaseError("file is not a database"),
    KeyringLocked(f"{PLACE} is gone"),
    NewerSchema(["config_app.0099_future"]),
]
MISTAKES = [IntegrityError("UNIQUE"), ProgrammingError("syntax"), RuntimeError("oops"), ConfigError("oops")]


@pytest.fixture
def fail_with(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the dashboard's view raise an error."""

    def fail_with(error: Exception) -> None:
        def fail(*_args: object) -> None:
            raise error

        monkeypatch.setattr("hub.dashboard.views.problem_rows", fail)

    monkeypatch.setattr(outage_log, "_reasons", {})  # another test may have logged the same reason
    return fail_with


@pytest.mark.parametrize("error", OUTAGES, ids=lambda error: type(error).__name__)
def test_an_outage_is_503_with_a_cure(
    owner_client: Client, fail_with: Any, error: Exception, caplog: Any
) -> None:
    fail_with(error)
    response = owner_client.get("/")
    assert response.status_code == 503
    assert "What to do" in response.text
    assert "manage.py" in response.text
    assert "secret-place" not in response.text
    assert "no-store" in response.headers["Cache-Control"]
    assert 0 < int(response.headers["Retry-After"]) < 60
    assert any(str(error) in record.getMessage() for record in caplog.records)


def test_an_outage_is_logged_once_for_many_requests(
    owner_client: Client, fail_with: Any, caplog: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage_log, "REPEAT", 3600.0)  # the requests may take longer than the hub's own
    fail_with(OUTAGES[1])
    for _ in range(20):
        assert owner_client.get("/").status_code == 503
    assert len(caplog.records) == 1
    monkeypatch.setattr(outage_log, "REPEAT", 0.0)
    owner_client.get("/")
    assert (
        caplog.messages[-1] == f"OperationalError: {OUTAGES[1]} (19 more requests since the last such line)"
    )


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("55P03", "The database is locked at the moment"),
        ("57014", "A table is locked, or the database server is too busy or stands still"),
        ("XX000", "The database cannot be used at the moment"),
    ],
)
def test_the_page_names_the_cause(owner_client: Client, fail_with: Any, code: str, words: str) -> None:
    error, cause = OperationalError("canceling statement"), psycopg.OperationalError()
    cause.sqlstate = code
    error.__cause__ = cause
    fail_with(error)
    assert words in owner_client.get("/").text


@pytest.mark.parametrize("error", MISTAKES, ids=lambda error: type(error).__name__)
def test_a_mistake_of_ours_is_500_and_says_nothing(
    owner_client: Client, fail_with: Any, error: Exception
) -> None:
    fail_with(error)
    response = owner_client.get("/")
    assert response.status_code == 500
    assert str(error) not in response.text
    assert "Traceback" not in response.text


def test_an_outage_has_no_traceback_in_the_log_and_a_mistake_has(
    owner_client: Client, fail_with: Any, caplog: Any
) -> None:
    for error, has_traceback in ((OUTAGES[0], False), (OUTAGES[1], False), (RuntimeError("oops"), True)):
        caplog.clear()
        fail_with(error)
        owner_client.get("/")
        assert any(record.exc_info for record in caplog.records) is has_traceback


@pytest.mark.parametrize("path", ["/nowhere", "/admin/nowhere/", "/static/nowhere.css", "/auth/nowhere"])
def test_a_page_that_there_is_not_is_404(owner_client: Client, path: str) -> None:
    response = owner_client.get(path)
    assert response.status_code == 404
    assert "no-store" in response.headers["Cache-Control"]
    assert "<h1>" in response.text


def test_programs_get_json(owner_client: Client, fail_with: Any) -> None:
    fail_with(OUTAGES[0])
    for path, headers, status, code in (
        ("/nowhere", {}, 404, "not_found"),
        ("/", {}, 503, "unavailable"),
        ("/", {"host": "evil.example"}, 400, "bad_request"),
    ):
        response = owner_client.get(path, headers={"accept": "application/json", **headers})
        assert (response.status_code, response.json()) == (status, {"error": code})


def test_during_an_outage_the_api_answers_401_without_a_session_and_503_with_one(
    owner_client: Client,
) -> None:
    def fail(*_query: object) -> None:
        raise OUTAGES[1]

    get_config()
    with connection.execute_wrapper(fail):
        for client, status, code in (
            (browser(), 401, "sign_in_required"),
            (owner_client, 503, "unavailable"),
        ):
            response = client.get("/api/config")
            assert (response.status_code, response.json()) == (status, {"error": code})


def test_whoever_may_not_see_a_page_is_told_so(owner: Any) -> None:
    from hub.models import User

    client = browser()
    client.force_login(User.objects.create_user("member@example.com"))
    response = client.get("/admin/", follow=True)
    assert response.status_code == 403
    assert "do not have access" in response.text


def test_a_configuration_that_was_never_there_is_no_wizard(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed read of the configuration must not look like an unclaimed hub (S1)."""

    def fail() -> None:
        raise OUTAGES[0]

    monkeypatch.setattr(runtime, "get_snapshot", fail)
    for path in ("/", "/setup/", "/admin/", "/auth/login", "/static/hub/css/base.css"):
        response = browser().get(path)
        assert response.status_code == 503
        assert "secret-place" not in response.text


def test_error_pages_need_no_session_user_or_database(install: None, django_assert_num_queries: Any) -> None:
    from django.http import HttpRequest

    from hub.responses import errors
    from hub.site.form_refusals import csrf_failure

    with django_assert_num_queries(0):
        for page in (
            errors.bad_request,
            errors.permission_denied,
            csrf_failure,
            errors.page_not_found,
            errors.server_error,
        ):
            assert page(HttpRequest()).status_code >= 400
