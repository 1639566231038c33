"""Responses that bypass all middleware have the same security policy as other responses (W2)."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync

from hub.asgi import application
from hub.responses.bare_responses import completed, headers
from tests.hub.middleware.test_csp import policy

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


def test_a_body_that_is_too_large_is_refused_with_it() -> None:
    declared = [(b"content-length", b"999999999")]
    answer = Answer(async_to_sync(ask)(method="POST", headers=declared)[0])
    assert answer.status == 413
    assert_strict(answer)


def test_a_policy_that_is_there_stays_the_only_one() -> None:
    own = [(b"Content-Security-Policy", b"default-src 'none'; report-uri /x")]
    assert completed(own) == own
    assert completed([]) == headers()
