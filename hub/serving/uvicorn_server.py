"""uvicorn's server, with a limit for connections. When the hub's server stops, no connection is lost."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

from uvicorn.config import Config
from uvicorn.server import Server

from config_app.live import feed
from hub.serving import sockets as listening
from hub.serving import worker_generations
from hub.serving.connections import HEAD, SWEEP, Connections

HANDSHAKE = 0.3
"""How many seconds a retired socket stays open for handshakes that began before it was retired."""
LOOK_AGAIN = 0.02
"""A stopping worker checks at intervals of this many seconds whether it still has to wait."""
LONGEST_SUCCESSION = 10.0
"""A worker waits at most this many seconds for newer workers to accept connections."""
LONGEST_LEAVING = 5.0
"""A retired socket is closed after this many seconds, even if connections still wait at this socket."""
AT_ONCE = 16
"""A worker accepts at most this many connections before it handles requests again."""
FULL_PAUSE = 0.05
"""If a worker cannot accept a connection, it tries again after this many seconds."""
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Acceptor:
    """Accepts the connections at one socket. The hub uses this class instead of asyncio's own server.

    asyncio's server accepts thousands of connections in a row. If no descriptor is left, asyncio's server
    repeats the attempt more and more often, and logs every attempt.
    """

    def __init__(self, socket: Any, connections: Connections, make: Callable[[], Any], ssl: Any) -> None:
        """Begin to accept connections at ``socket``. ``make()`` returns the protocol for a new connection."""
        self._loop = asyncio.get_running_loop()
        self._socket, self._connections, self._make, self._ssl = socket, connections, make, ssl
        self._pause: asyncio.TimerHandle | None = None
        socket.setblocking(False)
        self._resume()

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._socket.fileno(), self._accept)

    def _accept(self) -> None:
        try:
            for _ in range(min(AT_ONCE, self._connections.most // 2 + 1)):
                if not self._connections.make_room():
                    self._pause_for_room()
                    return
                _Arrival(self._socket.accept()[0], self._connections).connect(self._make, self._ssl)
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # no connection waits
        except OSError as error:
            if error.errno not in EXHAUSTED:
                raise
            self._connections.note_exhaustion()
            self._pause_for_room()

    def _pause_for_room(self) -> None:
        # The kernel keeps the connections that wait, and another worker can accept them.
        self._loop.remove_reader(self._socket.fileno())
        self._pause = self._loop.call_later(FULL_PAUSE, self._resume)

    def close(self) -> None:
        """Accept no more connections, and close the socket."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()

    async def wait_closed(self) -> None:
        """Do nothing. uvicorn calls this method, but uvicorn itself waits for the connections to end."""


class _Arrival:
    """An accepted connection that has no protocol yet. Its TLS handshake may not be complete."""

    def __init__(self, socket: Any, connections: Connections) -> None:
        self._socket, self._connections = socket, connections
        self._task: asyncio.Task[None] | None = None

    def connect(self, make: Callable[[], Any], ssl: Any) -> None:
        """Start a task that passes the connection to a new protocol. ``make()`` returns this protocol."""
        self._connections.await_request(self)
        self._task = asyncio.get_running_loop().create_task(self._connect(make, ssl))

    async def _connect(self, make: Callable[[], Any], ssl: Any) -> None:
        loop, timeout = asyncio.get_running_loop(), HEAD if ssl else None
        try:
            with contextlib.suppress(OSError):  # the client has gone, or does not speak TLS
                await loop.connect_accepted_socket(make, self._socket, ssl=ssl, ssl_handshake_timeout=timeout)
        finally:
            self._connections.forget(self)

    def unread(self) -> int:
        """Return 0, because there is no response yet."""
        return 0

    def give_up(self) -> None:
        """Close the connection."""
        if self._task is not None:
            self._task.cancel()


class HubServer(Server):
    """The server in one worker. It closes a retired socket when no connection waits at this socket."""

    def __init__(self, config: Config, generation: int) -> None:
        """Create the server of a worker that belongs to ``generation``."""
        super().__init__(config)
        self._generation = generation
        self._retired_since: dict[Any, float] = {}
        self._by_socket: dict[Any, Acceptor] = {}
        self._connections = Connections()

    async def startup(self, sockets: Sequence[Any] | None = None) -> None:
        """Begin to accept connections, and record that this worker's generation serves."""
        await super().startup([])
        protocol: Any = self.config.http_protocol_class
        make = functools.partial(
            protocol,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            connections=self._connections,
        )
        self._sweep()
        for socket in sockets or []:
            self._by_socket[socket] = Acceptor(socket, self._connections, make, self.config.ssl)
        self.servers = list(self._by_socket.values())  # type: ignore[arg-type]  # uvicorn only closes them
        if not self.should_exit:
            worker_generations.serves(self._generation)

    def _sweep(self) -> None:
        asyncio.get_running_loop().call_later(SWEEP, self._sweep)
        if worker_generations.has_ended():
            self._connections.say_farewell()
        self._connections.sweep()

    async def on_tick(self, counter: int) -> bool:
        """Close the retired sockets that are no longer needed. uvicorn calls this ten times a second."""
        self._leave_retired()
        return await super().on_tick(counter)

    def _leave_retired(self) -> None:
        for socket in [socket for socket in self._retired() if self._is_left(socket)]:
            server = self._by_socket.pop(socket)
            self.servers.remove(server)  # type: ignore[arg-type]  # see ``startup``
            server.close()

    def _retired(self) -> Iterator[Any]:
        """Yield the sockets that are retired but not closed yet."""
        for socket in self._by_socket:
            if socket in self._retired_since or listening.is_retired(socket):
                self._retired_since.setdefault(socket, time.monotonic())
                yield socket

    def _is_left(self, socket: Any) -> bool:
        """Return whether a retired socket can be closed.

        If no connection waits, the socket can be closed after ``HANDSHAKE`` seconds. If connections wait, it
        can be closed after ``LONGEST_LEAVING`` seconds.
        """
        passed = time.monotonic() - self._retired_since[socket]
        return passed > LONGEST_LEAVING or (passed > HANDSHAKE and listening.is_empty(socket))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin a graceful stop. A second signal does not cancel the open requests."""
        super().handle_exit(sig, frame)
        # A terminal sends SIGINT to every process, and the master sends a signal too. uvicorn would take the
        # second one as an order to cancel the open requests.
        self.force_exit = False

    async def shutdown(self, sockets: Sequence[Any] | None = None) -> None:
        """Wait until newer workers accept connections. Then answer all open requests and stop.

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
        """While this worker sends its last answers, tell the master repeatedly that the worker is alive."""
        while self.config.callback_notify is not None:
            await self.config.callback_notify()
            await asyncio.sleep(self.config.timeout_notify)
