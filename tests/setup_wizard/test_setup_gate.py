"""Before the claim, only the wizard responds; after the claim, the wizard never responds (S5, B2, B3)."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client, RequestFactory

from config_app.live import pinning, runtime
from config_app.models import SystemConfig
from setup_wizard.claiming import tokens
from setup_wizard.middleware import SetupGateMiddleware
from setup_wizard.pages import live, views
from tests.conftest import claim_for
from tests.support.browsers.wizard_walk import Browser

pytestmark = pytest.mark.django_db(transaction=True)

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"]
DENIED = [
    "/",
    "/admin/",
    "/admin/login/",
    "/auth/login",
    "/welcome/",
    "/setupx",
    "/setup-x/",
    "/setup.html",
    "/Setup/",
    "/SETUP/mode/",
    "//setup/",
    "//admin/",
    "///",
    "/./setup/",
    "/setup/../admin/",
    "/setup//admin/",
    "/setup/./mode/",
    "/setup/..",
    "/setup/.",
    "/setup/..;/admin/",
    "/setup\\..\\admin/",
    "/setup%2f..%2fadmin/",
    "/health/../admin/",
    "/health/live/../../admin/",
    "/healthz",
    "/HEALTH/live",
    "/static/../admin/",
    "/staticx/",
    "/static",
    "/ setup/",
    "/setup%0a/",
    "/%2fsetup/",
    "/no/such/page",
    "/apis/x",
    "/favicon.ico",
]
FORGED = [
    {"X-Original-URL": "/setup/"},
    {"X-Rewrite-URL": "/setup/"},
    {"X-Forwarded-Path": "/setup/"},
    {"X-Forwarded-Prefix": "/setup"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-HTTP-Method-Override": "GET"},
    {"X-Requested-With": "XMLHttpRequest"},
    {"Forwarded": "for=127.0.0.1;host=127.0.0.1"},
]
WIZARD = ["/setup", "/setup/", "/setup/mode/", "/setup/review/", "/setup/done/", "/setup/validate/network/"]


@pytest.fixture(autouse=True)
def unclaimed(transactional_db: None, install: None) -> None:
    """Work on an unclaimed install."""


def client() -> Client:
    return Client(SERVER_NAME="127.0.0.1", raise_request_exception=False)


@pytest.mark.parametrize("path", DENIED)
def test_nothing_else_answers_while_unclaimed(path: str) -> None:
    for method in METHODS:
        response = client().generic(method, path)
        assert (response.status_code, response.headers.get("Location")) == (302, "/setup/"), method


@pytest.mark.parametrize("headers", FORGED, ids=lambda headers: next(iter(headers)))
def test_no_header_opens_the_gate(headers: dict[str, str]) -> None:
    for path in ("/", "/admin/", "/auth/login"):
        response = client().get(path, headers=headers)
        assert (response.status_code, response.headers.get("Location")) == (302, "/setup/")


@pytest.mark.parametrize("accept", ["application/json", "application/problem+json", "application/json;q=0.9"])
def test_a_program_is_told_where_the_setup_is(accept: str) -> None:
    for path, header in (("/api/config", "*/*"), ("/api", "text/html"), ("/", accept), ("/admin/", accept)):
        response = client().get(path, headers={"Accept": header})
        assert response.status_code == 503
        assert response.json() == {"error": "setup_required", "setup_url": "/setup/"}


@pytest.mark.parametrize("accept", ["", "*/*", "text/html,application/json", "application/json, */*"])
def test_whoever_takes_pages_is_redirected(accept: str) -> None:
    response = client().get("/", headers={"Accept": accept})
    assert response.status_code == 302


def test_answers_of_the_gate_are_not_cached() -> None:
    assert "no-store" in client().get("/").headers["Cache-Control"]
    assert "no-store" in client().get("/api/config").headers["Cache-Control"]


def test_the_wizard_its_files_and_health_answer_while_unclaimed() -> None:
    assert client().get("/setup/").status_code == 200
    assert client().get("/health/live").status_code == 200
    assert client().get("/health/ready").json()["state"] == "unconfigured"
    sheet = client().get("/static/hub/css/base.css")
    assert sheet.status_code == 200
    assert sheet.content
    assert client().get("/static/no/such.css").status_code == 404


def test_a_signed_in_user_of_earlier_times_gets_no_further_than_anybody() -> None:
    owner = claim_for("owner@example.com")
    browser = client()
    browser.force_login(owner)
    SystemConfig.objects.filter(pk="app_mode").update(config_value="unconfigured")
    runtime.reload()
    assert browser.get("/admin/").status_code == 302
    assert browser.get("/admin/").headers["Location"] == "/setup/"
    assert browser.get("/setup/mode/").headers["Location"] == "/setup/"


@pytest.mark.parametrize("path", WIZARD)
def test_the_wizard_is_gone_for_every_method_once_claimed(path: str) -> None:
    owner = claim_for("owner@example.com")
    for browser in (client(), client()):
        for method in METHODS:
            response = browser.generic(method, path)
            assert response.status_code == 404, method
        browser.force_login(owner)


def test_the_browser_that_claimed_gets_no_further_than_anybody() -> None:
    browser = Browser()
    browser.fill_all()
    assert browser.finish() == 302
    assert browser.get("/setup/mode/") == 404
    assert browser.post("/setup/security/", {"super_admin_emails": "eve@example.com"}) == 404
    assert browser.finish() == 404
    assert "set up already" in browser.text
    assert "./manage.py config show --all" in browser.text


@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "options", "head"])
def test_the_views_refuse_without_the_middleware(method: str) -> None:
    claim_for("owner@example.com")
    for view, arguments in (
        (views.TokenView, {}),
        (views.StepView, {"name": "mode"}),
        (views.ReviewView, {}),
        (live.ValidateView, {"name": "network"}),
        (live.ProbeView, {"name": "listener"}),
    ):
        request = getattr(RequestFactory(), method)("/setup/")
        request.session = Client().session
        assert view.as_view()(request, **arguments).status_code == 404


def test_the_views_ask_the_database_and_not_memory() -> None:
    browser = Browser()
    browser.unlock()
    pinned = pinning.pin(pinning.to_pin())
    claim_for("owner@example.com")
    assert views.TokenView.as_view()(RequestFactory().get("/setup/")).status_code == 404
    pinning.unpin(pinned)


def test_a_process_that_has_not_heard_of_the_claim_serves_the_claimed_hub() -> None:
    stale = runtime.get_snapshot()
    claim_for("owner@example.com")
    runtime._put_in_force(stale)
    response = client().get("/")
    assert response.headers["Location"].startswith("/auth/login")
    assert client().get("/setup/").status_code == 404


def test_a_wrong_method_is_refused_while_unclaimed() -> None:
    browser = Browser()
    browser.unlock()
    for method in ("PUT", "DELETE", "PATCH"):
        assert browser.client.generic(method, "/setup/mode/").status_code == 405


@pytest.mark.parametrize("path", ["/setup/no-such-step/x/", "/setup/é/", "/setup/mode/extra/"])
def test_unknown_pages_of_the_wizard_are_not_found(path: str) -> None:
    browser = Browser()
    browser.unlock()
    assert browser.get(path) == 404


def test_static_files_elsewhere_are_no_way_through(monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("https://cdn.example.com/static/", "/", "", None):
        monkeypatch.setattr(settings, "STATIC_URL", url)
        expected = 404 if url == "https://cdn.example.com/static/" else 302
        assert client().get("/admin/").status_code == 302
        assert client().get("/static/x.css").status_code in {expected, 302}


def test_the_gate_runs_before_sessions_and_after_hosts() -> None:
    order = settings.MIDDLEWARE
    gate = order.index(f"{SetupGateMiddleware.__module__}.{SetupGateMiddleware.__qualname__}")
    assert gate < order.index("django.contrib.sessions.middleware.SessionMiddleware")
    assert gate < order.index("hub.middleware.csrf.CsrfMiddleware")
    assert SetupGateMiddleware.async_capable is False


def test_posts_need_the_csrf_token() -> None:
    strict = Client(SERVER_NAME="127.0.0.1", enforce_csrf_checks=True)
    tokens.ensure()
    token = tokens.current()
    assert token is not None
    assert strict.post("/setup/", {"token": token.reveal()}).status_code == 403
    assert tokens.is_usable()
