"""uvicorn's server, changed so that it stops without losing a connection."""

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
"""How many seconds a retired socket stays open for handshakes that began before it was retired."""
LOOK_AGAIN = 0.02
"""While a stopping worker waits, it checks at intervals of this many seconds whether the wait is over."""
LONGEST_SUCCESSION = 10.0
"""A worker waits at most this many seconds for newer workers to accept connections."""
LONGEST_LEAVING = 5.0
"""A retired socket is closed after this many seconds, even if connections still wait at it."""


class HubServer(Server):
    """The server in one worker. It closes a retired socket when no connection waits at this socket."""

    def __init__(self, config: Config, generation: int) -> None:
        """Create the server of a worker of ``generation``."""
        super().__init__(config)
        self._generation = generation
        self._retired_since: dict[Any, float] = {}
        self._by_socket: dict[Any, asyncio.base_events.Server] = {}

    async def startup(self, sockets: Sequence[Any] | None = None) -> None:
        """Begin to accept connections, and record that this generation serves."""
        await super().startup(list(sockets or []))
        self._by_socket = dict(zip(sockets or [], self.servers, strict=True))
        if not self.should_exit:
            worker_generations.serves(self._generation)

    async def on_tick(self, counter: int) -> bool:
        """Close retired sockets; uvicorn calls this ten times a second."""
        self._leave_retired()
        return await super().on_tick(counter)

    def _leave_retired(self) -> None:
        for socket in [socket for socket in self._retired() if self._is_left(socket)]:
            server = self._by_socket.pop(socket)
            self.servers.remove(server)
            server.close()

    def _retired(self) -> Iterator[Any]:
        """Yield the sockets that are retired but not closed yet."""
        for socket in self._by_socket:
            if socket in self._retired_since or listening.is_retired(socket):
                self._retired_since.setdefault(socket, time.monotonic())
                yield socket

    def _is_left(self, socket: Any) -> bool:
        """Return whether a retired socket can be closed: no connection waits, or its time is over."""
        passed = time.monotonic() - self._retired_since[socket]
        return passed > LONGEST_LEAVING or (passed > HANDSHAKE and listening.is_empty(socket))

    async def shutdown(self, sockets: Sequence[Any] | None = None) -> None:
        """Wait until new workers accept connections, answer all open requests, then stop.

        If other workers share a socket, they accept the connections that still wait at the socket.
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
        """Keep telling the master that this worker is alive while it sends its last answers."""
        while self.config.callback_notify is not None:
            await self.config.callback_notify()
            await asyncio.sleep(self.config.timeout_notify)
