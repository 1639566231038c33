"""Without a session, only the views in this list respond; every other view is protected by default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from hub.models import User
from tests.support.browsers.clients import browser

pytestmark = pytest.mark.usefixtures("owner")

PUBLIC = {
    "admin:login",  # leads to the sign-in page
    "login",
    "logout",
    "signed-out",
    "live",
    "ready",
    "unlock",  # leads to the dashboard, unless the secrets are locked
    "setup-done",  # leads to the dashboard, unless this browser has just claimed the hub
}
REFUSED_BY_THE_VIEW = {
    "api-config",  # responds with a JSON error, as the next two do
    "api-config-events",
    "api-config-reload",  # refuses calls without a signature
    "callback",  # refuses a browser that has not begun a sign-in
}
ARGUMENT = re.compile(r"<[^>]+>|\(\?P<[^)]+\)")


def routes(resolver: Any = None, prefix: str = "/", namespace: str = "") -> Iterator[tuple[str, str, Any]]:
    """Yield the name, an address and the view of every route."""
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + ARGUMENT.sub("1", str(pattern.pattern)).replace("^", "").replace("$", "")
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, path, f"{pattern.namespace}:" if pattern.namespace else namespace)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name or path}", path, pattern.callback


def test_every_view_that_is_open_is_on_the_list() -> None:
    unmarked = {name for name, _, view in routes() if not getattr(view, "login_required", True)}
    wizard = {name for name in unmarked if name.startswith("setup:")}
    assert unmarked - wizard - PUBLIC - REFUSED_BY_THE_VIEW == set()


def test_strangers_are_refused_everywhere_else() -> None:
    for name, path, _ in routes():
        for method in ("GET", "POST"):
            response = browser().generic(method, path)
            where = (name, path, method, response.status_code)
            if name in PUBLIC:
                assert response.status_code in {200, 302, 405}, where
                assert not response.cookies.get("sessionid"), where
            elif name.startswith("setup:"):
                assert response.status_code == 404, where
            elif name in REFUSED_BY_THE_VIEW:
                assert response.status_code >= 400, where
            else:
                assert response.status_code in {302, 404, 405}, where
                assert response.headers.get("Location", "/auth/login?").startswith(
                    ("/auth/login?", "/admin/login/?")
                ), where


def test_no_cache_stores_a_page_for_a_person(owner: User) -> None:
    client = browser()
    client.force_login(owner)
    for name, path, _ in routes():
        response = client.get(path)
        session = getattr(response.wsgi_request, "session", None)
        if session is not None and session.accessed:
            assert "no-store" in response.headers.get("Cache-Control", ""), (name, path)


def test_an_unknown_method_is_refused_as_such_everywhere() -> None:
    for name, path, _ in routes():
        for method in ("PUT", "PATCH", "DELETE", "PROPFIND"):
            response = browser(enforce_csrf_checks=True).generic(method, path)
            assert response.status_code in {405, 404}, (name, method, response.status_code)
            assert response.status_code == 404 or response.headers["Allow"], (name, method)


def test_the_list_knows_no_route_that_is_gone() -> None:
    names = {name for name, _, _ in routes()}
    assert names >= PUBLIC | REFUSED_BY_THE_VIEW
    assert len(names) > 30


def test_a_view_that_nobody_marked_is_closed() -> None:
    from django.http import HttpResponse
    from django.test import RequestFactory

    from hub.middleware.sign_in import SignInRequiredMiddleware

    def view(_request: Any) -> HttpResponse:
        return HttpResponse("secret")

    from django.contrib.auth.models import AnonymousUser

    request = RequestFactory().get("/secret")
    request.user = AnonymousUser()
    answer = SignInRequiredMiddleware(lambda _: HttpResponse()).process_view(request, view, (), {})
    assert answer is not None
    assert answer.headers["Location"] == "/auth/login?next=/secret"
