"""Open and retire listening sockets while the hub serves, without losing a connection.

If a listening socket is closed, the kernel resets the connections that wait at the socket for a worker. So
the hub first retires a socket: the kernel sends no new connections to the socket. Then the workers accept
the connections that wait. At the end, the hub closes the socket.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import socket
from typing import Any

from gunicorn import sock

from hub.serving import port_holders
from hub.serving.listen_address import ListenerUnavailable, address_of, new_socket

SO_BINDTOIFINDEX = 62
"""A socket option of Linux, from ``asm-generic/socket.h``. Python before 3.14 lacks this constant."""
NO_INTERFACE = 2**31 - 1
"""An index that no network interface has."""


def retire(listening: Any) -> bool:
    """Make the kernel send no new connections to a socket. Return ``False`` if the system cannot do this.

    The socket keeps the connections that already wait there. A handshake that has begun still completes. A
    new connection reaches another socket of the same port, or is refused. The socket is retired in all
    processes that share the socket. Sockets can be retired on Linux 5.7 and later.
    """
    try:
        # This lets the hub listen on the same address again while this socket is still open.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # The kernel skips a socket that is bound to an interface that does not exist.
        listening.setsockopt(socket.SOL_SOCKET, SO_BINDTOIFINDEX, NO_INTERFACE)
    except (OSError, AttributeError):
        return False
    return True


@functools.cache
def can_retire() -> bool:
    """Return whether this system can retire sockets."""
    with socket.socket() as scratch:
        return retire(scratch)


def is_retired(listening: Any) -> bool:
    """Return whether this process or another process has retired the socket."""
    try:
        index: int = listening.getsockopt(socket.SOL_SOCKET, SO_BINDTOIFINDEX)
    except (OSError, AttributeError):
        return False
    return index == NO_INTERFACE


def is_empty(listening: Any) -> bool:
    """Return whether no connection waits at the socket. If the system cannot report this, return ``True``."""
    return bool((listening.get_backlog() or 0) <= 0)


def inode(listening: Any) -> int:
    """Return the inode number of the socket. The number identifies the socket in ``/proc/net/tcp``."""
    return os.fstat(listening.fileno()).st_ino


def place(listening: Any) -> tuple[str, int] | None:
    """Return the address and the port of a TCP socket. Return ``None`` for a Unix socket."""
    found = listening.getsockname()
    return (str(found[0]), int(found[1])) if isinstance(found, tuple) else None


def open_listener(host: str, port: int, arbiter: Any, own: set[int]) -> Any:
    """Return a new listening socket for gunicorn. Raise ``ListenerUnavailable`` if this fails.

    ``own`` is the set of the inode numbers of the hub's own sockets. If only these sockets occupy the
    address, the new socket shares their port. So the hub can keep its port when it moves from 127.0.0.1 to
    0.0.0.0.
    """
    try:
        return _open(host, port, arbiter, beside=False)
    except OSError as error:
        if error.errno != errno.EADDRINUSE or not _only_own(host, port, own):
            raise ListenerUnavailable(host, port, error) from error
    try:
        with _sharing_ports(arbiter.LISTENERS):
            return _open(host, port, arbiter, beside=True)
    except OSError as error:
        raise ListenerUnavailable(host, port, error) from error


def _open(host: str, port: int, arbiter: Any, *, beside: bool) -> Any:
    with new_socket(host) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(beside))
        opened.bind(address_of(host, port))
        opened.listen(arbiter.cfg.backlog)
        # From now on, no other program can share the port.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)
        kind = sock.TCP6Socket if opened.family is socket.AF_INET6 else sock.TCPSocket
        return kind((host, port), arbiter.cfg, arbiter.log, fd=opened.detach())  # type: ignore[no-untyped-call]


def _only_own(host: str, port: int, own: set[int]) -> bool:
    try:
        return all(found.inode in own for found in port_holders.in_the_way(*address_of(host, port)))
    except OSError:
        return False


@contextlib.contextmanager
def _sharing_ports(listeners: Any) -> Any:
    """During the ``with`` block, let this user bind more sockets to the ports of ``listeners``."""
    for listening in listeners:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        yield
    finally:
        for listening in listeners:
            if not is_retired(listening):
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)
