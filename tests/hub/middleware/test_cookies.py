"""Cookies: ``__Host-`` and Secure under https, plain under http (requirement W7)."""

from __future__ import annotations

from http.cookies import Morsel
from typing import Any

from django.test import Client

from hub.models import User
from tests.conftest import PASSWORD
from tests.support.browsers.clients import browser, configure

NAMES = {"sessionid", "csrftoken", "browser"}
CREDENTIALS = {"username": "owner@example.com", "password": PASSWORD}
FOREVER = 60 * 60 * 24 * 400


def signed_in(*, secure: bool) -> Client:
    client = browser()
    response = client.post("/auth/login", CREDENTIALS, secure=secure)
    assert response.status_code == 302, response.text
    return client


def assert_private(cookie: Morsel[str]) -> None:
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert 0 < int(cookie["max-age"]) <= FOREVER


def test_under_https_only_this_host_can_set_them_and_only_https_carries_them(owner: User) -> None:
    cookies = signed_in(secure=True).cookies
    assert set(cookies) == {f"__Host-{name}" for name in NAMES}
    for cookie in cookies.values():
        assert_private(cookie)
        assert cookie["secure"]


def test_under_http_they_have_plain_names(owner: User) -> None:
    cookies = signed_in(secure=False).cookies
    assert set(cookies) == NAMES
    for cookie in cookies.values():
        assert_private(cookie)
        assert not cookie["secure"]


def test_sessions_work_under_both(owner: User) -> None:
    for secure in (True, False):
        assert signed_in(secure=secure).get("/api/config", secure=secure).status_code == 200


def test_a_sign_in_under_https_ends_the_session_from_http(owner: User) -> None:
    client = signed_in(secure=False)
    plain = copy_of_plain(client)
    client.post("/auth/login", CREDENTIALS, secure=True)
    assert client.get("/api/config", secure=True).status_code == 200
    assert plain.get("/api/config").status_code == 401


def test_a_sign_out_under_https_ends_the_session_from_http(owner: User) -> None:
    client = signed_in(secure=True)
    plain = signed_in(secure=False)
    client.cookies["sessionid"] = plain.cookies["sessionid"].value
    client.post("/auth/logout", secure=True)
    assert plain.get("/api/config").status_code == 401


def test_a_sign_in_ends_no_session_of_another_browser(owner: User) -> None:
    other = signed_in(secure=False)
    signed_in(secure=True)
    assert other.get("/api/config").status_code == 200


def copy_of_plain(client: Client) -> Client:
    """Return another browser with the same session under http."""
    copy = browser()
    copy.cookies["sessionid"] = client.cookies["sessionid"].value
    return copy


def test_a_cookie_that_came_by_http_does_not_count_under_https(owner: User) -> None:
    thief = browser()
    thief.cookies["sessionid"] = signed_in(secure=True).cookies["__Host-sessionid"].value
    assert thief.get("/api/config", secure=True).status_code == 401


def test_a_prefixed_cookie_does_not_count_under_http(owner: User) -> None:
    client = signed_in(secure=True)
    assert client.get("/api/config").status_code == 401


def test_a_plain_cookie_cannot_replace_the_prefixed_one(owner: User) -> None:
    client = signed_in(secure=True)
    client.cookies["sessionid"] = "a" * 32  # an attacker on the network can set this with a page under http
    assert client.get("/api/config", secure=True).status_code == 200


def test_https_ends_at_a_trusted_proxy(owner: User) -> None:
    configure(trusted_proxies="127.0.0.1")
    client = browser(HTTP_X_FORWARDED_PROTO="https")
    assert "__Host-sessionid" in client.post("/auth/login", CREDENTIALS).cookies
    configure(trusted_proxies="")
    assert "sessionid" in client.post("/auth/login", CREDENTIALS).cookies


def test_signing_out_removes_the_cookie_that_is_there(owner: User) -> None:
    for secure, name in ((True, "__Host-sessionid"), (False, "sessionid")):
        cookies = signed_in(secure=secure).post("/auth/logout", secure=secure).cookies
        assert cookies[name].value == ""
        assert cookies[name]["max-age"] == 0
        assert bool(cookies[name]["secure"]) is secure


def test_other_cookies_are_left_alone(owner: User) -> None:
    client = browser()
    client.cookies["theme"] = "dark"
    client.cookies["__Host-other"] = "kept"
    response: Any = client.get("/auth/login", secure=True)
    assert response.wsgi_request.COOKIES == {"theme": "dark", "__Host-other": "kept"}


def test_pages_that_need_no_session_set_no_cookie(owner: User) -> None:
    for path in ("/health/live", "/health/ready", "/static/hub/css/base.css", "/", "/api/config", "/nowhere"):
        assert not browser().get(path).cookies, path
