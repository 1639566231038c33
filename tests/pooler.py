"""A stand-in for a connection pooler: clients see another backend in the greeting than the one they get.

That is how a pooler in transaction mode looks to its clients; no package of one is needed for it.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterator

GREETING = re.compile(rb"K\x00\x00\x00\x0c(....)", re.DOTALL)
"""BackendKeyData, from the PostgreSQL protocol: the backend's process id comes first."""


@contextlib.contextmanager
def pooler_before(port: int) -> Iterator[int]:
    """Forward connections to a server on this machine, and give the port to connect to instead."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_accept, args=(listening, port), daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def _accept(listening: socket.socket, port: int) -> None:
    with contextlib.suppress(OSError):  # no longer listening
        while True:
            client, _ = listening.accept()
            server = socket.create_connection(("127.0.0.1", port))
            for ends in ((client, server), (server, client)):
                threading.Thread(target=_forward, args=ends, daemon=True).start()


def _forward(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError), source, target:
        while data := source.recv(65536):
            target.sendall(GREETING.sub(b"K\x00\x00\x00\x0c\x00\x00\x00\x01", data))
