"""Browsers in this process, and the configuration that they meet."""

from __future__ import annotations

from typing import Any

from django.test import Client

from config_app.change.plan import plan
from config_app.live import runtime

SERVER: dict[str, Any] = {"SERVER_NAME": "127.0.0.1", "HTTP_HOST": "127.0.0.1:8884"}
"""The address that a connection comes in on, and the one that the browser shows."""


def browser(**environ: Any) -> Client:
    """Return a browser without cookies; what a view raises is answered, as by a server."""
    return Client(raise_request_exception=False, **{**SERVER, **environ})


def configure(**changes: Any) -> None:
    """Change settings by attribute, as somebody in another process would, and let this one hear of it."""
    plan(changes).apply(actor="test", channel="cli")
    runtime.reload()
