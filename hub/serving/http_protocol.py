"""uvicorn's HTTP protocol, changed so that a worker answers every request before it stops."""

from __future__ import annotations

import asyncio
import fcntl
import struct
import termios

import h11
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol, RequestResponseCycle

from config_app.live import feed
from hub.responses import bare_responses

FIRST_REQUEST = 5.0
"""While the worker stops, a connection without a request is closed after this many seconds."""
WHOLE_HEAD = 55.0
"""While the worker stops, a client has this many more seconds to finish the head of its first request."""
NEXT_REQUEST = 0.5
"""While the worker stops, a connection stays open for this many seconds after a response."""


class HubProtocol(H11Protocol):
    """One HTTP connection, which answers open requests and ends event streams when the worker stops."""

    is_stopping = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base
        """Accept a connection, and stop it gracefully at once if the server is already stopping."""
        super().connection_made(transport)
        if feed.is_closed():
            self.shutdown()

    def shutdown(self) -> None:
        """Stop this connection gracefully; uvicorn's server calls this for each connection when it stops."""
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
        """Return the last request with its response; ``None`` before the first request."""
        return self.cycle  # uvicorn's annotation leaves out the None

    def _await_request(self) -> None:
        """Close the connection after a while, unless a request arrives."""
        self.timeout_keep_alive = NEXT_REQUEST  # type: ignore[assignment]  # from the end of an open response
        if (cycle := self._cycle()) is None:
            self.loop.call_later(FIRST_REQUEST, self._give_up, WHOLE_HEAD)
        elif cycle.response_complete:
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(NEXT_REQUEST, self.timeout_keep_alive_handler)

    def _give_up(self, longer: float) -> None:
        """Close the connection if it never had a request.

        If the first bytes of a request have arrived, wait ``longer`` more seconds for the rest.
        """
        if self._cycle() is not None:
            return
        if longer and (self.conn.trailing_data[0] or self._unread()):
            self.loop.call_later(longer, self._give_up, 0.0)
        else:
            super().timeout_keep_alive_handler()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that was idle for too long, unless a request has just arrived."""
        if not self._unread():
            super().timeout_keep_alive_handler()

    def _unread(self) -> int:
        """Return how many bytes have arrived on this connection but were not read yet."""
        connection = self.transport.get_extra_info("socket")
        if self.transport.is_closing() or connection is None:
            return 0
        found = fcntl.ioctl(connection.fileno(), termios.FIONREAD, b"\0" * 4)
        return int(struct.unpack("i", found)[0])

    def send_400_response(self, msg: str) -> None:
        """Answer 400 to bytes that are not an HTTP request, and close the connection."""
        # uvicorn's own answer lacks the security headers that every other answer has.
        plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
        start = h11.Response(
            status_code=400, headers=bare_responses.completed(plain), reason=STATUS_PHRASES[400]
        )
        for event in (start, h11.Data(data=msg.encode("ascii")), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event))
        self.transport.close()
