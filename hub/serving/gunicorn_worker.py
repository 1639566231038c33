"""The class of gunicorn's workers. It is uvicorn's worker with other rules for proxies, logs and signals."""

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
"""If newer workers replace a worker, the old worker has this many seconds to answer its last requests.

If the whole hub stops, gunicorn's ``graceful_timeout`` ends these requests earlier.
"""


class HubWorker(UvicornWorker):
    """A worker process that serves ASGI with uvicorn."""

    CONFIG_KWARGS: dict[str, Any] = {
        "loop": "asyncio",
        "http": HubProtocol,
        "ws": "none",
        "lifespan": "off",
        "proxy_headers": False,  # hub.middleware.proxy decides which forwarded headers count
        "server_header": False,
        "access_log": False,
        # Otherwise requests that a client sends at once share one context, and each leaves a thread behind.
        "reset_contextvars": True,
        "timeout_graceful_shutdown": LONGEST_REQUEST,
        "timeout_notify": 2,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Create the worker. The master calls this just before it forks the worker."""
        super().__init__(*args, **kwargs)
        # uvicorn's worker gives this logger the handlers of gunicorn's logger, which has none here. So the
        # lines have to propagate to the hub's own handlers.
        logging.getLogger("uvicorn.error").propagate = True
        self._generation = worker_generations.current()

    def init_signals(self) -> None:
        """Set the worker's signal handlers. Keep the handlers of the signals that stop a worker."""
        # The handlers that stop a worker have been in place since the fork, so that no signal gets lost.
        for number in set(self.SIGNALS) - set(process_hooks.STOPS):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGUSR1, self.handle_usr1)
        signal.siginterrupt(signal.SIGUSR1, False)

    async def _serve(self) -> None:
        """Serve until the worker is told to stop."""
        # If the worker was told to stop before, the server still answers the clients that are connected.
        self.config.app = self.wsgi
        serving = HubServer(self.config, self._generation)
        for number in process_hooks.STOPS:
            signal.signal(number, serving.handle_exit)
        serving.should_exit = process_hooks.is_to_stop()
        await serving.serve(sockets=self.sockets)
        if not serving.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)

    async def callback_notify(self) -> None:
        """Tell the master that this worker is alive. If the master is gone, stop this worker."""
        await super().callback_notify()
        # Otherwise the workers of a killed master would keep the port. gunicorn's own workers do the same.
        if os.getppid() != self.ppid:
            logging.getLogger("hub").error("the master is gone, so this worker stops too")
            signal.raise_signal(signal.SIGTERM)
