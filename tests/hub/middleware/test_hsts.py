"""HSTS is sent only under https and only while the configuration enables it (B10)."""

from __future__ import annotations

import pytest

from tests.support.browsers.clients import browser, configure

pytestmark = pytest.mark.usefixtures("owner")

HEADER = "Strict-Transport-Security"
PATHS = ["/auth/login", "/", "/nowhere", "/static/hub/css/base.css", "/health/live", "/setup/"]


@pytest.mark.parametrize("path", PATHS)
def test_it_is_told_on_every_answer_under_https(path: str) -> None:
    configure(enable_hsts=True)
    assert browser().get(path, secure=True).headers[HEADER] == "max-age=31536000"


def test_a_refused_host_is_told_too() -> None:
    configure(enable_hsts=True)
    assert HEADER in browser(HTTP_HOST="evil.example").get("/", secure=True).headers


@pytest.mark.parametrize("path", PATHS)
def test_it_is_never_told_under_http(path: str) -> None:
    configure(enable_hsts=True)
    assert HEADER not in browser().get(path).headers  # RFC 6797, 7.2


def test_only_a_trusted_proxy_makes_it_https() -> None:
    configure(enable_hsts=True)
    visitor = browser(HTTP_X_FORWARDED_PROTO="https")
    assert HEADER not in visitor.get("/auth/login").headers
    configure(trusted_proxies="127.0.0.1")
    assert HEADER in visitor.get("/auth/login").headers


def test_it_is_off_by_default_and_followed_live() -> None:
    assert HEADER not in browser().get("/auth/login", secure=True).headers
    configure(enable_hsts=True)
    assert HEADER in browser().get("/auth/login", secure=True).headers
    configure(enable_hsts=False)
    assert HEADER not in browser().get("/auth/login", secure=True).headers
