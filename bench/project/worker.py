"""The gunicorn worker of the plain project: uvicorn's worker, with the options of the hub's worker."""

from __future__ import annotations

from typing import Any

from uvicorn_worker import UvicornWorker


class PlainWorker(UvicornWorker):
    """A worker process that serves ASGI with uvicorn."""

    CONFIG_KWARGS: dict[str, Any] = {
        "loop": "asyncio",
        "http": "h11",
        "ws": "none",
        "lifespan": "off",
        "proxy_headers": False,
        "server_header": False,
        "access_log": False,
    }
