"""CORS: an exact list of origins, used without a restart; ``*`` never allows credentials (W9, B10)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from hub.models import User
from tests.support.browsers.clients import browser, configure

pytestmark = pytest.mark.usefixtures("owner")

LISTED = "https://app.example.com"
PREFIX = "access-control-"


def ask(origin: str, path: str = "/health/live", client: Client | None = None) -> dict[str, str]:
    """Return the CORS headers of a response to a script from ``origin``."""
    response: Any = (client or browser()).get(path, headers={"origin": origin})
    return cors(response)


def preflight(origin: str, path: str = "/api/config") -> dict[str, str]:
    headers = {"origin": origin, "access-control-request-method": "GET"}
    return cors(browser().options(path, headers=headers))


def cors(response: Any) -> dict[str, str]:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return {name.removeprefix(PREFIX): v for name, v in headers.items() if name.startswith(PREFIX)}


def test_by_default_no_other_origin_may_read_anything() -> None:
    assert ask(LISTED) == {}
    assert ask("http://127.0.0.1:8884") == {}
    assert ask(LISTED, "/static/hub/css/base.css") == {}


def test_a_listed_origin_may_with_cookies() -> None:
    configure(allowed_origins=f"{LISTED}, http://localhost:3000")
    assert ask(LISTED) == {"allow-origin": LISTED, "allow-credentials": "true"}
    assert ask("http://localhost:3000")["allow-origin"] == "http://localhost:3000"


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.com:444",
        "http://app.example.com",
        "https://app.example.com.evil.example",
        "https://evil-app.example.com",
        "https://x.app.example.com",
        "https://example.com",
        "https://APP.example.com",
        "https://app.example.com/",
        "https://app.example.com https://evil.example",
        "https://user@app.example.com",
        "null",
        "*",
        "https://[",
        "",
    ],
)
def test_only_the_exact_origin_counts(origin: str) -> None:
    configure(allowed_origins=LISTED)
    assert ask(origin) == {}
    assert "allow-origin" not in preflight(origin)


def test_the_list_may_be_written_as_people_write_it() -> None:
    configure(allowed_origins="HTTPS://App.Example.com:443/")
    assert ask(LISTED)["allow-origin"] == LISTED


@pytest.mark.parametrize("origin", [LISTED, "https://evil.example", "null"])
def test_everyone_may_without_cookies(origin: str) -> None:
    configure(allowed_origins="*")
    assert ask(origin) == {"allow-origin": "*"}
    assert preflight(origin)["allow-origin"] == "*"
    assert "allow-credentials" not in preflight(origin)


def test_a_preflight_is_answered_for_listed_origins() -> None:
    configure(allowed_origins=LISTED)
    found = preflight(LISTED)
    assert (found["allow-origin"], found["allow-credentials"]) == (LISTED, "true")
    assert "GET" in found["allow-methods"]
    assert int(found["max-age"]) <= 300
    assert "allow-private-network" not in found


def test_caches_keep_the_answers_to_different_origins_apart() -> None:
    for allowed in (LISTED, "*", ""):
        configure(allowed_origins=allowed)
        for path in ("/health/live", "/static/hub/css/base.css", "/api/config"):
            response = browser().get(path, headers={"origin": LISTED})
            assert "origin" in response.headers["Vary"].lower(), (allowed, path)


def test_static_files_follow_the_list_too() -> None:
    configure(allowed_origins=LISTED)
    assert ask(LISTED, "/static/hub/css/base.css")["allow-origin"] == LISTED
    assert ask("https://evil.example", "/static/hub/css/base.css") == {}


@pytest.mark.parametrize("allowed", [LISTED, "*"])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/admin/",
        "/admin/config_app/systemconfig/",
        "/auth/login",
        "/setup/",
        "/unlock/",
        "/welcome/",
        "/nowhere",
    ],
)
def test_pages_for_people_are_closed_to_every_other_origin(owner: User, allowed: str, path: str) -> None:
    configure(allowed_origins=allowed)
    client = browser()
    client.force_login(owner)
    assert ask(LISTED, path, client) == {}
    assert preflight(LISTED, path) == {}


def test_the_list_is_followed_live() -> None:
    configure(allowed_origins=LISTED)
    assert ask(LISTED)["allow-origin"] == LISTED
    configure(allowed_origins="https://other.example")
    assert ask(LISTED) == {}
    assert ask("https://other.example")["allow-origin"] == "https://other.example"


def test_a_listed_origin_may_read_but_not_post_forms() -> None:
    configure(allowed_origins=LISTED)
    client = Client(enforce_csrf_checks=True, SERVER_NAME="127.0.0.1")
    token = client.get("/auth/login").cookies["csrftoken"].value
    data = {"csrfmiddlewaretoken": token}
    assert client.post("/auth/login", data, headers={"origin": LISTED}).status_code == 403
