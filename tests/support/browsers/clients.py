"""Browsers in this process, and the configuration that they meet."""

from __future__ import annotations

from typing import Any

from django.test import Client

from config_app.change.plan import plan
from config_app.live import runtime

SERVER: dict[str, Any] = {"SERVER_NAME": "127.0.0.1", "HTTP_HOST": "127.0.0.1:8884"}
"""The address that the server receives the connection on, and the address in the browser's address bar."""


def browser(**environ: Any) -> Client:
    """Return a browser without cookies; an exception in a view becomes an error page, as on a real server."""
    return Client(raise_request_exception=False, **{**SERVER, **environ})


def configure(**changes: Any) -> None:
    """Change settings by attribute, as another process would, and reload the configuration here."""
    plan(changes).apply(actor="test", channel="cli")
    runtime.reload()
