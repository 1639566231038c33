"""uvicorn's server, which stops without losing a connection that the kernel has accepted for it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

from uvicorn.config import Config
from uvicorn.server import Server

from config_app.live import feed
from hub.serving import sockets as listening
from hub.serving import worker_generations

HANDSHAKE = 0.3
"""Seconds for which connections that were being made when a socket retired may still come in at it."""
LOOK_AGAIN = 0.02
LONGEST_SUCCESSION = 10.0
"""Seconds that a worker waits for those that replace it to have started."""
LONGEST_LEAVING = 5.0
"""Seconds after which a retired socket is closed, whoever still waits there."""


class HubServer(Server):
    """Leaves sockets that have retired, one by one while it runs and all of them before it stops."""

    def __init__(self, config: Config, generation: int) -> None:
        """Serve as one of a ``generation`` of workers."""
        super().__init__(config)
        self._generation = generation
        self._retired_since: dict[Any, float] = {}
        self._by_socket: dict[Any, asyncio.base_events.Server] = {}

    async def startup(self, sockets: Sequence[Any] | None = None) -> None:
        """Start to accept connections."""
        await super().startup(list(sockets or []))
        self._by_socket = dict(zip(sockets or [], self.servers, strict=True))
        if not self.should_exit:
            worker_generations.serves(self._generation)

    async def on_tick(self, counter: int) -> bool:
        """Do what is to be done ten times a second."""
        self._leave_retired()
        return await super().on_tick(counter)

    def _leave_retired(self) -> None:
        for socket in [socket for socket in self._retired() if self._is_left(socket)]:
            server = self._by_socket.pop(socket)
            self.servers.remove(server)
            server.close()

    def _retired(self) -> Iterator[Any]:
        """Yield the sockets that receive no new connections."""
        for socket in self._by_socket:
            if socket in self._retired_since or listening.is_retired(socket):
                self._retired_since.setdefault(socket, time.monotonic())
                yield socket

    def _is_left(self, socket: Any) -> bool:
        """Tell whether nobody comes in at a retired socket any more."""
        passed = time.monotonic() - self._retired_since[socket]
        return passed > LONGEST_LEAVING or (passed > HANDSHAKE and listening.is_empty(socket))

    async def shutdown(self, sockets: Sequence[Any] | None = None) -> None:
        """Answer whoever is connected, and stop once others accept connections.

        Those that wait at a socket which goes on without this worker are theirs.
        """
        await self._await_successors()
        feed.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        notifying = asyncio.create_task(self._keep_notifying())
        while any(True for _ in self._retired()):
            self._leave_retired()
            await asyncio.sleep(LOOK_AGAIN)
        await super().shutdown(list(self._by_socket))
        notifying.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await notifying

    async def _await_successors(self) -> None:
        end = time.monotonic() + LONGEST_SUCCESSION
        while worker_generations.is_awaited(self._generation) and time.monotonic() < end:
            self._leave_retired()
            await asyncio.sleep(LOOK_AGAIN)

    async def _keep_notifying(self) -> None:
        """Show the master that this worker is alive, however long its last answers take."""
        while self.config.callback_notify is not None:
            await self.config.callback_notify()
            await asyncio.sleep(self.config.timeout_notify)
