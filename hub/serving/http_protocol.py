"""uvicorn's HTTP protocol. The hub adds deadlines for clients and a graceful stop."""

from __future__ import annotations

import asyncio
import fcntl
import struct
import termios
from typing import Any

import h11
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol, RequestResponseCycle

from config_app.live import feed
from hub.middleware.transport import bare_headers
from hub.responses import bare_responses
from hub.serving.connections import Connections

WRITE_BUFFER = 512 * 1024
"""If more than this many bytes of a response are unread, the hub waits before it writes more bytes."""
FIRST_REQUEST = 5.0
"""While the worker stops, a connection that has received nothing is closed after this many seconds."""
NEXT_REQUEST = 0.5
"""While the worker stops, a connection is closed this many seconds after a response."""


class HubProtocol(H11Protocol):
    """One HTTP connection.

    When the worker stops, the connection answers its requests and ends its event streams.
    """

    is_stopping = False

    def __init__(self, *args: Any, connections: Connections, **kwargs: Any) -> None:
        """Create a connection that reports to ``connections``, the registry of the worker."""
        super().__init__(*args, **kwargs)
        self._registry = connections
        self._is_draining = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base
        """Accept the connection. If the worker is already stopping, call ``shutdown``."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(WRITE_BUFFER)
        self._registry.await_request(self)
        if feed.is_closed():
            self.shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection from the registry."""
        self._registry.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Handle bytes from the client."""
        super().data_received(data)
        self._register_request(len(data))

    def _register_request(self, received: int) -> None:
        """Tell the registry that a part of a body has arrived, or that a request has arrived completely."""
        cycle = self._cycle()
        if cycle is None or cycle.response_complete:
            return  # the head is not complete
        if cycle.more_body:
            self._registry.await_body(self, received)
        else:
            self._registry.end_request(self)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request as soon as the client has read the response."""
        # Otherwise a client could send request after request and read nothing.
        if self.unread() and not self.transport.is_closing():
            self._is_draining = True
            self.transport.set_write_buffer_limits(0)  # resume_writing is called when the buffer is empty
            return
        if not self.transport.is_closing():
            self._registry.await_request(self)
        super().on_response_complete()
        self._register_request(0)

    def resume_writing(self) -> None:
        """Write more of a response. asyncio calls this when the client has read most of what was written."""
        super().resume_writing()
        self._registry.observe(self)
        if self._is_draining:
            self._is_draining = False
            self.transport.set_write_buffer_limits(WRITE_BUFFER)
            self.on_response_complete()

    def unread(self) -> int:
        """Return how many bytes of responses the client has not read yet."""
        return self.transport.get_write_buffer_size()

    def give_up(self) -> None:
        """Close the connection immediately."""
        self.transport.abort()

    def shutdown(self) -> None:
        """Begin to stop this connection gracefully. uvicorn's server calls this when the server stops."""
        feed.close()  # an event stream would never end by itself
        # Do not close at once: that would reset a request that the client has just sent or is sending.
        if not self.is_stopping:
            self.is_stopping = True
            self._announce_end()
            self._await_request()

    def _announce_end(self) -> None:
        """Add ``Connection: close`` to every answer that has not started yet."""
        state = self.server_state
        if CLOSE_HEADER not in state.default_headers:
            state.default_headers = [*state.default_headers, CLOSE_HEADER]
        if (cycle := self._cycle()) and not cycle.response_started:
            cycle.default_headers = [*cycle.default_headers, CLOSE_HEADER]

    def _cycle(self) -> RequestResponseCycle | None:
        """Return the newest request and its response. Return ``None`` before the first request."""
        return self.cycle  # uvicorn's annotation leaves out the None

    def _await_request(self) -> None:
        """Start a timer. The timer closes the connection if no new request arrives within a few seconds."""
        self.timeout_keep_alive = NEXT_REQUEST  # type: ignore[assignment]  # from the end of an open response
        if (cycle := self._cycle()) is None:
            self.loop.call_later(FIRST_REQUEST, self._close_unused)
        elif cycle.response_complete:
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(NEXT_REQUEST, self.timeout_keep_alive_handler)

    def _close_unused(self) -> None:
        """Close the connection if no byte of a request has arrived yet."""
        if self._cycle() is None and not self.conn.trailing_data[0] and not self._waiting():
            super().timeout_keep_alive_handler()

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, because it was idle for too long. If bytes have just arrived, do nothing."""
        if not self._waiting():
            super().timeout_keep_alive_handler()

    def _waiting(self) -> int:
        """Return how many bytes have arrived on this connection, but have not been read by uvicorn yet."""
        connection = self.transport.get_extra_info("socket")
        if self.transport.is_closing() or connection is None:
            return 0
        found = fcntl.ioctl(connection.fileno(), termios.FIONREAD, b"\0" * 4)
        return int(struct.unpack("i", found)[0])

    def send_400_response(self, msg: str) -> None:
        """Answer 400, because the client sent no valid HTTP request, and close the connection."""
        # uvicorn's own answer lacks the security headers that every other answer has.
        plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
        headers = bare_responses.completed(
            plain, bare_headers({"client": self.client, "scheme": self.scheme})
        )
        start = h11.Response(status_code=400, headers=headers, reason=STATUS_PHRASES[400])
        for event in (start, h11.Data(data=msg.encode("ascii")), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event))
        self.transport.close()
