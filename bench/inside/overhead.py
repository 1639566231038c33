"""Measure a read of a Django setting, and a request, in a project with or without config_app."""

from __future__ import annotations

import io
import timeit
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection

from bench.inside import Round
from bench.inside.clock import CLOCK

REQUESTS = 200
READS = 50_000
ENVIRON: dict[str, Any] = {
    "REQUEST_METHOD": "GET",
    "PATH_INFO": "/page",
    "SERVER_NAME": "127.0.0.1",
    "SERVER_PORT": "8000",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.url_scheme": "http",
}


def prepare() -> Round:
    """Return a function that reads a Django setting and sends requests through the middleware."""
    # Connect once, as every project with a database does, because Django checks the connections of a thread
    # three times per request.
    connection.ensure_connection()
    connection.close()
    application = get_wsgi_application()
    reads = timeit.Timer("settings.PORT", timer=CLOCK, globals={"settings": settings})

    def measure() -> dict[str, float]:
        start = CLOCK()
        for _ in range(REQUESTS):
            request(application)
        seconds = CLOCK() - start
        return {"request": seconds / REQUESTS, "settings": reads.timeit(READS) / READS}

    return measure


def request(application: Any) -> None:
    """Send one request to the application and check the response."""
    statuses: list[str] = []
    environ = {**ENVIRON, "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO()}
    answer = application(environ, lambda status, _headers: statuses.append(status))
    assert b"".join(answer) == b"ok", statuses
    answer.close()
