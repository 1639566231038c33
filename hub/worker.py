"""The gunicorn worker: uvicorn, without its own ideas about proxies, logs and signals."""

from __future__ import annotations

import logging
import os
import signal
from typing import Any

from uvicorn_worker import UvicornWorker

from hub.protocol import HubProtocol
from hub.server import stop_worker


class HubWorker(UvicornWorker):
    """Serves ASGI; hub.middleware.proxy decides which forwarded headers count."""

    CONFIG_KWARGS: dict[str, Any] = {
        "loop": "asyncio",
        "http": HubProtocol,
        "ws": "none",
        "lifespan": "off",
        "proxy_headers": False,
        "server_header": False,
        "access_log": False,
        # Within gunicorn's graceful_timeout, or the worker is killed and its row in the list stays.
        "timeout_graceful_shutdown": 20,
        "timeout_notify": 2,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Let uvicorn log through the hub's handlers; its worker takes gunicorn's, which has none here."""
        super().__init__(*args, **kwargs)
        logging.getLogger("uvicorn.error").propagate = True

    def init_signals(self) -> None:
        """Exit by way of gunicorn's hooks: uvicorn shuts down and then sends itself the signal again."""
        super().init_signals()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop_worker)

    async def callback_notify(self) -> None:
        """Stop where the master was killed, as gunicorn's own workers do: this one would keep the port."""
        await super().callback_notify()
        if os.getppid() != self.ppid:
            logging.getLogger("hub").error("the master is gone, so this worker stops too")
            signal.raise_signal(signal.SIGTERM)
