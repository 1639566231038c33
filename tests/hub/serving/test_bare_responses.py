"""Responses that bypass all middleware have the same security policy as other responses (W2)."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync

from hub.asgi import application
from hub.middleware.transport import bare_headers
from hub.responses.bare_responses import completed, headers
from tests.hub.middleware.test_csp import policy
from tests.support.browsers.clients import configure

REQUEST = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}


async def ask(**scope: Any) -> list[dict[str, Any]]:
    """Send a request without a body to the application; return the messages that it sends."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application({**REQUEST, **scope}, receive, send)
    return sent


class Answer:
    """Status and headers of an ASGI response, with attributes as in other responses."""

    def __init__(self, start: dict[str, Any]) -> None:
        self.status = start["status"]
        self.headers = {name.decode().title(): value.decode() for name, value in start["headers"]}


def assert_strict(answer: Answer) -> None:
    found = policy(answer)
    assert found["default-src"] == found["base-uri"] == found["frame-ancestors"] == "'none'"
    assert found["script-src"] == found["form-action"] == "'self'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.django_db  # Django looks after its connections before it looks at a request
def test_a_request_that_django_cannot_read_is_refused_with_it() -> None:
    answer = Answer(async_to_sync(ask)(query_string=b"\xff")[0])
    assert answer.status == 400
    assert_strict(answer)


@pytest.mark.django_db  # the hub looks whether HSTS is on
def test_a_body_that_is_too_large_is_refused_with_it() -> None:
    declared = [(b"content-length", b"999999999")]
    answer = Answer(async_to_sync(ask)(method="POST", headers=declared)[0])
    assert answer.status == 413
    assert_strict(answer)


def test_a_policy_that_is_there_stays_the_only_one() -> None:
    own = [(b"Content-Security-Policy", b"default-src 'none'; report-uri /x")]
    more = [(b"x", b"y")]
    assert completed(own, more) == own
    assert completed([], more) == [*headers(), *more]


HTTPS = (b"x-forwarded-proto", b"https")


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize(
    ("headers", "peer", "scheme", "is_told"),
    [
        ([], "203.0.113.9", "https", True),
        ([HTTPS], "10.0.0.1", "http", True),
        ([(b"x-forwarded-proto", b"http"), HTTPS], "10.0.0.1", "http", True),
        ([HTTPS, (b"x-forwarded-proto", b"http")], "10.0.0.1", "http", False),
        ([], "10.0.0.1", "http", False),
        ([HTTPS], "203.0.113.9", "http", False),
        ([HTTPS], "not an address", "http", False),
    ],
)
def test_hsts_is_told_over_https_only(
    headers: list[tuple[bytes, bytes]], peer: str, scheme: str, *, is_told: bool
) -> None:
    configure(enable_hsts=True, trusted_proxies="10.0.0.0/8")
    scope = {"client": (peer, 4711), "scheme": scheme, "headers": headers}
    assert [name for name, _ in bare_headers(scope)] == [b"strict-transport-security"] * is_told
    configure(enable_hsts=False)
    assert bare_headers(scope) == []


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize(("peer", "is_told"), [("10.0.0.1", True), ("203.0.113.9", False)])
def test_a_request_that_cannot_be_read_is_told_of_hsts_by_way_of_the_proxy(
    peer: str, *, is_told: bool
) -> None:
    configure(enable_hsts=True, trusted_proxies="10.0.0.0/8")
    assert bool(bare_headers({"client": (peer, 4711), "scheme": "http"})) is is_told
