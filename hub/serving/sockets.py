"""Listening sockets that come and go while the hub serves, without a connection being lost.

A socket that is closed resets every connection that the kernel has accepted for it and nobody has taken
yet, so nothing new may arrive at it before it is emptied and closed.
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
"""From ``asm-generic/socket.h``; Python names it from 3.14 on."""
NO_INTERFACE = 2**31 - 1
"""The index of no network interface."""


def retire(listening: Any) -> bool:
    """Let a socket receive no new connections and keep those it has; tell whether that could be done.

    Bound to an interface that does not exist, the kernel (Linux 5.7 and later) passes it over: whoever
    connects reaches another socket of that port, or is refused. A handshake under way still ends there. All
    processes that share the socket see it.
    """
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # so that we can come back
        listening.setsockopt(socket.SOL_SOCKET, SO_BINDTOIFINDEX, NO_INTERFACE)
    except (OSError, AttributeError):
        return False
    return True


@functools.cache
def can_retire() -> bool:
    """Tell whether the system can do that."""
    with socket.socket() as scratch:
        return retire(scratch)


def is_retired(listening: Any) -> bool:
    """Tell whether a socket receives no new connections."""
    try:
        index: int = listening.getsockopt(socket.SOL_SOCKET, SO_BINDTOIFINDEX)
    except (OSError, AttributeError):
        return False
    return index == NO_INTERFACE


def is_empty(listening: Any) -> bool:
    """Tell whether no connection waits to be taken, as far as the system tells."""
    return bool((listening.get_backlog() or 0) <= 0)


def inode(listening: Any) -> int:
    """Return the number under which the system lists a socket."""
    return os.fstat(listening.fileno()).st_ino


def place(listening: Any) -> tuple[str, int] | None:
    """Return address and port of a TCP socket."""
    found = listening.getsockname()
    return (str(found[0]), int(found[1])) if isinstance(found, tuple) else None


def open_listener(host: str, port: int, arbiter: Any, own: set[int]) -> Any:
    """Return a new listening socket as gunicorn has them; raise ``ListenerUnavailable``.

    Where only sockets of our ``own``, by inode, are in the way, such as the one on 127.0.0.1 in that of
    0.0.0.0, it is opened beside them.
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
        opened.bind((host, port))
        opened.listen(arbiter.cfg.backlog)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)  # ours alone from now on
        kind = sock.TCP6Socket if opened.family is socket.AF_INET6 else sock.TCPSocket
        return kind((host, port), arbiter.cfg, arbiter.log, fd=opened.detach())  # type: ignore[no-untyped-call]


def _only_own(host: str, port: int, own: set[int]) -> bool:
    try:
        return all(found.inode in own for found in port_holders.in_the_way(*address_of(host, port)))
    except OSError:
        return False


@contextlib.contextmanager
def _sharing_ports(listeners: Any) -> Any:
    """Let another socket of this user be bound to the ports of ``listeners``, for as long as that takes."""
    for listening in listeners:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        yield
    finally:
        for listening in listeners:
            if not is_retired(listening):
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)
