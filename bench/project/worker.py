"""The gunicorn worker of the plain project: uvicorn, as the hub sets it up but for what is its own."""

from __future__ import annotations

from typing import Any

from uvicorn_worker import UvicornWorker


class PlainWorker(UvicornWorker):
    """Serves ASGI."""

    CONFIG_KWARGS: dict[str, Any] = {
        "loop": "asyncio",
        "http": "h11",
        "ws": "none",
        "lifespan": "off",
        "proxy_headers": False,
        "server_header": False,
        "access_log": False,
    }
