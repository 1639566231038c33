"""The gunicorn worker: uvicorn, without its own ideas about proxies, logs and signals."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import Any

from gunicorn.arbiter import Arbiter
from uvicorn_worker import UvicornWorker

from hub.serving import process_hooks, worker_generations
from hub.serving.http_protocol import HubProtocol
from hub.serving.uvicorn_server import HubServer

LONGEST_REQUEST = 300
"""Seconds that a request may still take once the worker is to stop, because others have taken over.

Where the whole hub stops, gunicorn's ``graceful_timeout`` ends it earlier.
"""


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
        "timeout_graceful_shutdown": LONGEST_REQUEST,
        "timeout_notify": 2,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Let uvicorn log through the hub's handlers; its worker takes gunicorn's, which has none here."""
        super().__init__(*args, **kwargs)
        logging.getLogger("uvicorn.error").propagate = True
        self._generation = worker_generations.current()  # the master makes workers before it forks them

    def init_signals(self) -> None:
        """Leave what stops the worker as it is, at every moment: a signal may have come already."""
        for number in set(self.SIGNALS) - set(process_hooks.STOPS):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGUSR1, self.handle_usr1)
        signal.siginterrupt(signal.SIGUSR1, False)

    async def _serve(self) -> None:
        """Serve until told to stop; even where that was told before, whoever has connected is answered."""
        self.config.app = self.wsgi
        serving = HubServer(self.config, self._generation)
        for number in process_hooks.STOPS:
            signal.signal(number, serving.handle_exit)
        serving.should_exit = process_hooks.is_to_stop()
        self._install_sigquit_handler()
        await serving.serve(sockets=self.sockets)
        if not serving.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)

    async def callback_notify(self) -> None:
        """Stop where the master was killed, as gunicorn's own workers do: this one would keep the port."""
        await super().callback_notify()
        if os.getppid() != self.ppid:
            logging.getLogger("hub").error("the master is gone, so this worker stops too")
            signal.raise_signal(signal.SIGTERM)
