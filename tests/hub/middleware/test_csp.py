"""Every response has a Content Security Policy without exceptions (requirement W2)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from config_app.errors import DatabaseUnavailable, InvalidPlan
from config_app.live import runtime
from tests.support.browsers.clients import browser, configure

PAGES = {
    "/": 200,
    "/admin/": 200,
    "/admin": 301,
    "/admin/config_app/systemconfig/": 200,
    "/admin/config_app/revision/": 200,
    "/admin/hub/user/": 200,
    "/admin/hub/user/add/": 200,
    "/admin/password_change/": 200,
    "/admin/login/": 302,
    "/admin/nowhere/": 404,
    "/api/config": 200,
    "/auth/login": 302,
    "/auth/signed-out": 200,
    "/health/live": 200,
    "/health/ready": 200,
    "/nowhere": 404,
    "/setup/": 404,
    "/static/hub/css/base.css": 200,
    "/static/admin/js/core.js": 200,
    "/static/nowhere.css": 404,
}


def policy(response: Any) -> dict[str, str]:
    """Return the directives of the response's policy."""
    directives = response.headers["Content-Security-Policy"].split("; ")
    return {name: sources for name, _, sources in (directive.partition(" ") for directive in directives)}


def assert_strict(response: Any) -> None:
    found = policy(response)
    assert found["default-src"] == found["base-uri"] == found["frame-ancestors"] == "'none'"
    assert found["script-src"] == found["style-src"] == found["form-action"] == "'self'"
    assert not any(word in str(found) for word in ("unsafe", "*", "data:", "http:", "nonce-"))
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize(("path", "status"), PAGES.items())
def test_every_page_has_it(owner_client: Client, path: str, status: int) -> None:
    response = owner_client.get(path)
    assert response.status_code == status
    assert_strict(response)


@pytest.mark.parametrize("path", ["/", "/admin/", "/api/config", "/auth/login", "/nowhere"])
def test_what_strangers_get_has_it(owner: Any, path: str) -> None:
    assert_strict(browser().get(path))


@pytest.mark.parametrize("path", ["/", "/setup/", "/setup/mode/", "/static/hub/css/base.css", "/api/config"])
def test_the_wizard_and_its_gate_have_it(install: None, path: str) -> None:
    assert_strict(browser().get(path))


def test_refused_requests_have_it(owner_client: Client) -> None:
    strict = Client(enforce_csrf_checks=True, SERVER_NAME="127.0.0.1")
    for response, status in (
        (owner_client.get("/", HTTP_HOST="evil.example"), 400),
        (strict.post("/auth/login"), 403),
        (owner_client.post("/health/live"), 405),
        (owner_client.get("/auth/logout"), 302),
        (owner_client.options("/", headers={"origin": "https://a.example"}), 405),
    ):
        assert response.status_code == status
        assert_strict(response)


def test_a_page_that_fails_has_it(owner_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("hub.dashboard.views.problem_rows", fail)
    response = owner_client.get("/")
    assert response.status_code == 500
    assert_strict(response)


def test_a_page_without_a_configuration_has_it(install: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(runtime, "get_snapshot", fail)
    response = browser().get("/")
    assert response.status_code == 503
    assert_strict(response)


def test_the_report_address_is_followed_live(owner: Any) -> None:
    assert "report-uri" not in policy(browser().get("/nowhere"))
    configure(csp_report_uri="https://csp.example.com/report?hub=1")
    for path in ("/nowhere", "/static/hub/css/base.css", "/auth/login"):
        assert policy(browser().get(path))["report-uri"] == "https://csp.example.com/report?hub=1"
    assert policy(browser(HTTP_HOST="evil.example").get("/"))["report-uri"]
    configure(csp_report_uri=None)
    assert "report-uri" not in policy(browser().get("/nowhere"))


@pytest.mark.parametrize(
    "address",
    ["https://c.example/;script-src *", "https://c.example/,x", "https://c.example/ x", "/report", "x\n"],
)
def test_a_report_address_cannot_add_directives(owner: Any, address: str) -> None:
    with pytest.raises(InvalidPlan, match="csp_report_uri: expected"):
        configure(csp_report_uri=address)
