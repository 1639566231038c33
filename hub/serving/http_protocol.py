"""HTTP for the hub's workers."""

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
"""Seconds within which a connection that asked nothing yet may begin to while the worker stops."""
WHOLE_HEAD = 55.0
"""Seconds that it has for the rest."""
NEXT_REQUEST = 0.5
"""Seconds within which one that was answered may ask again, and is told to connect anew."""


class HubProtocol(H11Protocol):
    """Answers whoever is connected before the worker stops, and ends event streams, which would go on."""

    is_stopping = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base
        """Take a connection; the last ones come while the server stops already."""
        super().connection_made(transport)
        if feed.is_closed():
            self.shutdown()

    def shutdown(self) -> None:
        """Stop gracefully; the server calls it for each of its connections.

        A client may have sent a request that was not read yet, or be about to: closing would reset it.
        """
        feed.close()
        if not self.is_stopping:
            self.is_stopping = True
            self._announce_end()
            self._await_request()

    def _announce_end(self) -> None:
        """Let every answer that has not begun yet say that it is the last of its connection."""
        state = self.server_state
        if CLOSE_HEADER not in state.default_headers:
            state.default_headers = [*state.default_headers, CLOSE_HEADER]
        if (cycle := self._cycle()) and not cycle.response_started:
            cycle.default_headers = [*cycle.default_headers, CLOSE_HEADER]

    def _cycle(self) -> RequestResponseCycle | None:
        """Return the last request and what becomes of it; uvicorn's own annotation knows of no beginning."""
        return self.cycle

    def _await_request(self) -> None:
        """Close in a while, unless a request comes."""
        self.timeout_keep_alive = NEXT_REQUEST  # type: ignore[assignment]  # a response under way may go on
        if (cycle := self._cycle()) is None:
            self.loop.call_later(FIRST_REQUEST, self._give_up, WHOLE_HEAD)
        elif cycle.response_complete:
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(NEXT_REQUEST, self.timeout_keep_alive_handler)

    def _give_up(self, longer: float) -> None:
        """Close a connection without a request; where one has begun to come in, ``longer`` seconds later."""
        if self._cycle() is not None:
            return
        if longer and (self.conn.trailing_data[0] or self._unread()):
            self.loop.call_later(longer, self._give_up, 0.0)
        else:
            super().timeout_keep_alive_handler()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that was idle for long, unless a request has just arrived."""
        if not self._unread():
            super().timeout_keep_alive_handler()

    def _unread(self) -> int:
        """Return how many bytes wait to be read."""
        connection = self.transport.get_extra_info("socket")
        if self.transport.is_closing() or connection is None:
            return 0
        found = fcntl.ioctl(connection.fileno(), termios.FIONREAD, b"\0" * 4)
        return int(struct.unpack("i", found)[0])

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request; uvicorn's own answer lacks the headers of every other one."""
        plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
        start = h11.Response(
            status_code=400, headers=bare_responses.completed(plain), reason=STATUS_PHRASES[400]
        )
        for event in (start, h11.Data(data=msg.encode("ascii")), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event))
        self.transport.close()
