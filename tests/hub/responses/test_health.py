"""Health endpoints: whether the hub is alive and ready, without confidential facts."""

from __future__ import annotations

import os
from typing import Any

import pytest

from config_app.change.plan import plan
from config_app.errors import DatabaseUnavailable
from config_app.live import freshness, runtime
from config_app.models import SystemConfig
from tests.support.browsers.clients import browser, configure
from tests.support.keys import locked_here

FIELDS = {"state", "revision", "pid", "config_age_s", "stale_since", "problems"}
GONE = DatabaseUnavailable("/srv/secret-place/hub.db: No such file or directory", "mount /srv")


def ready(status: int = 200) -> Any:
    response = browser().get("/health/ready")
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/json"
    assert "no-store" in response.headers["Cache-Control"]
    found = response.json()
    assert set(found) == FIELDS
    return found


def test_it_is_ready_also_while_nobody_has_claimed_it(install: None) -> None:
    found = ready()
    assert (found["state"], found["revision"], found["pid"]) == ("unconfigured", 1, os.getpid())
    assert (found["stale_since"], found["problems"]) == (None, [])
    assert found["config_age_s"] >= 0


def test_it_says_configured_after_the_claim(owner: Any) -> None:
    found = ready()
    assert (found["state"], found["revision"]) == ("configured", 2)


def test_it_is_alive(install: None) -> None:
    response = browser().get("/health/live")
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_it_can_only_be_read(owner: Any, path: str) -> None:
    assert browser().head(path).status_code == 200
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert browser().generic(method, path).status_code == 405


def test_the_revision_follows_changes(owner: Any) -> None:
    before = ready()["revision"]
    configure(port=8885)
    assert ready()["revision"] == before + 1


def test_a_stored_value_that_does_not_validate_is_named_without_the_value(owner: Any) -> None:
    SystemConfig.objects.create(config_key="port", config_value="banana-7f3a")
    runtime.reload()
    response = browser().get("/health/ready")
    (problem,) = response.json()["problems"]
    assert problem["keys"] == ["port"]
    assert set(problem) == {"code", "keys", "severity"}
    assert "banana" not in response.text


def test_a_value_that_the_import_refused_is_named_until_it_is_settled(owner: Any) -> None:
    plan({}, refusals={"port": "HUB_PORT of .env was not imported"}).apply()
    runtime.reload()
    (problem,) = ready()["problems"]
    assert (problem["keys"], problem["severity"]) == (["port"], "warning")
    configure(port=8884)
    assert ready()["problems"] == []


def test_it_says_since_when_the_database_is_gone(owner: Any) -> None:
    freshness.note_unavailable(GONE)
    found = ready(503)
    assert (found["state"], found["revision"]) == ("configured", 2)
    assert found["stale_since"].startswith("20")
    assert found["problems"][0] == {"code": "unavailable", "keys": [], "severity": "error"}
    assert browser().get("/health/live").status_code == 200


def test_it_says_that_there_was_never_a_configuration(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise GONE

    monkeypatch.setattr(runtime, "get_snapshot", fail)
    found = ready(503)
    assert (found["state"], found["revision"]) == ("unavailable", None)
    assert browser().get("/health/live").status_code == 200


def test_it_names_no_places(owner: Any, settings: Any) -> None:
    freshness.note_unavailable(GONE)
    text = browser().get("/health/ready").text
    for secret in ("/srv", "secret-place", str(settings.INSTANCE.data_dir), "owner@example.com"):
        assert secret not in text


def test_it_asks_no_database_even_of_people_with_a_session(
    owner: Any, django_assert_num_queries: Any
) -> None:
    visitor = browser()
    visitor.force_login(owner)
    with django_assert_num_queries(0):
        assert visitor.get("/health/ready").status_code == 200
        assert visitor.get("/health/live").status_code == 200


def test_it_names_the_secrets_that_a_lost_key_affects_until_the_key_is_back(owner: Any) -> None:
    configure(workos_api_key="sk_canary_f00d1234")
    with locked_here():
        (problem,) = ready()["problems"]
        assert problem == {"code": "secret_unreadable", "keys": ["workos_api_key"], "severity": "warning"}
        assert ready()["revision"] == 3
    assert ready()["problems"] == []
