"""Forms are accepted only from pages of this hub, even if a proxy changes the Host header."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.conftest import PASSWORD
from tests.support.browsers.clients import SERVER, configure

pytestmark = pytest.mark.usefixtures("owner")

CREDENTIALS = {"username": "owner@example.com", "password": PASSWORD}
PUBLIC = "https://hub.example.com"


def post(path: str = "/auth/login", data: dict[str, str] | None = None, **headers: str) -> int:
    """Send a form with a valid token; return the status."""
    client = Client(enforce_csrf_checks=True, **SERVER)
    page: Any = client.get("/auth/login")
    token = {"csrfmiddlewaretoken": page.context["csrf_token"]}
    return client.post(path, {**CREDENTIALS, **(data or {}), **token}, headers=headers).status_code


def test_a_form_of_this_hub_is_accepted() -> None:
    assert post() == 302
    assert post(origin="http://127.0.0.1:8884") == 302


def test_a_form_without_a_token_is_refused() -> None:
    client = Client(enforce_csrf_checks=True, **SERVER)
    page = client.post("/auth/login", CREDENTIALS)
    assert page.status_code == 403
    assert "sent no cookie" in page.text
    assert client.post("/api/config", headers={"accept": "application/json"}).json() == {
        "error": "form_expired"
    }


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://127.0.0.1:8885",
        "http://127.0.0.1",
        "https://127.0.0.1:8884",
        "http://localhost:8884",
    ],
)
def test_a_form_of_another_origin_is_refused(origin: str) -> None:
    assert post(origin=origin) == 403


def test_behind_a_proxy_the_public_url_counts_and_is_followed_live() -> None:
    assert post(origin=PUBLIC) == 403
    configure(public_url=PUBLIC)
    assert post(origin=PUBLIC) == 302
    for other in ("http://hub.example.com", "https://hub.example.com:8443", "https://x.hub.example.com"):
        assert post(origin=other) == 403, other
    configure(public_url="")
    assert post(origin=PUBLIC) == 403


def test_the_admin_takes_the_public_url_too() -> None:
    configure(public_url=PUBLIC)
    client = Client(enforce_csrf_checks=True, **SERVER)
    page: Any = client.get("/auth/login")
    client.post("/auth/login", {**CREDENTIALS, "csrfmiddlewaretoken": page.context["csrf_token"]})
    token = client.get("/admin/password_change/").context["csrf_token"]
    for origin, status in ((PUBLIC, 200), ("https://evil.example", 403)):
        answer = client.post(
            "/admin/password_change/", {"csrfmiddlewaretoken": token}, headers={"origin": origin}
        )
        assert answer.status_code == status


def test_under_https_the_referer_counts_where_there_is_no_origin() -> None:
    configure(public_url=PUBLIC, trusted_proxies="127.0.0.1")
    for referer, status in ((f"{PUBLIC}/auth/login", 302), ("https://evil.example/", 403), ("", 403)):
        client = Client(enforce_csrf_checks=True, HTTP_X_FORWARDED_PROTO="https", **SERVER)
        page: Any = client.get("/auth/login")
        data = {**CREDENTIALS, "csrfmiddlewaretoken": page.context["csrf_token"]}
        assert client.post("/auth/login", data, headers={"referer": referer}).status_code == status


def test_signing_in_makes_a_new_token() -> None:
    client = Client(**SERVER)
    before = client.get("/auth/login").cookies["csrftoken"].value
    assert client.post("/auth/login", CREDENTIALS).cookies["csrftoken"].value != before


def test_a_command_with_placeholders_has_no_button_that_copies_it() -> None:
    """As it is, the command would replace the trusted proxies by an address that no proxy has."""
    client = Client(enforce_csrf_checks=True, **SERVER)
    refused = client.post(
        "/auth/login", {}, HTTP_ORIGIN="https://evil.example", HTTP_COOKIE="csrftoken=" + "x" * 32
    )
    assert refused.status_code == 403
    assert "config set public_url=" in refused.text
    assert "data-copy" not in refused.text
