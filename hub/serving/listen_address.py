"""Check whether the hub can listen on an address. If the hub cannot listen, explain the reason."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from itertools import islice

from config_app.errors import ConfigError
from config_app.fields.hosts import in_brackets
from hub.serving import port_holders

INHERITED = ("GUNICORN_FD", "LISTEN_FDS")
"""The environment variables with which systemd or an earlier master hands over open listening sockets."""

ELSEWHERE = "pin another address with --bind HOST:PORT, or run manage.py config set port N"
ALWAYS_WORK = "127.0.0.1 and 0.0.0.0 always work"
FIRST_UNPRIVILEGED, LAST = 1024, 65535
ALTERNATIVES = 3
"""A message names at most this many free ports."""
LOOKED_AT = 50
"""To find free ports, the hub tries at most this many ports."""


class ListenerUnavailable(ConfigError):
    """The hub cannot listen on an address. ``cause`` is the error of the operating system."""

    def __init__(self, host: str, port: int, cause: OSError) -> None:
        super().__init__(
            explain(host, port, cause), keys=("bind_address", "port"), fix=_fix(host, port, cause)
        )
        self.host, self.port, self.cause = host, port, cause


def listener(host: str, port: int) -> str:
    """Return a bind address in gunicorn's format: ``HOST:PORT``, with an IPv6 address in brackets.

    If ``host`` is a name that has only an IPv6 address, return this address instead of the name.
    """
    # gunicorn looks only for the IPv4 addresses of a name.
    has_name = ":" not in host and family_of(host) == socket.AF_INET6
    return f"{in_brackets(address_of(host, port)[0] if has_name else host)}:{port}"


def family_of(host: str) -> socket.AddressFamily:
    """Return the address family of the socket for ``host``: IPv6 only if ``host`` has no IPv4 address."""
    if ":" in host:
        return socket.AF_INET6
    is_only_six = not _has_address(host, socket.AF_INET) and _has_address(host, socket.AF_INET6)
    return socket.AF_INET6 if is_only_six else socket.AF_INET


def _has_address(host: str, family: socket.AddressFamily) -> bool:
    try:
        return bool(socket.getaddrinfo(host, None, family, socket.SOCK_STREAM))
    except OSError:
        return False


def address_of(host: str, port: int) -> tuple[str, int]:
    """Return ``host`` as an IP address, together with ``port``.

    Raise ``OSError`` if ``host`` is a name that does not resolve.
    """
    found = socket.getaddrinfo(host, port, family_of(host), socket.SOCK_STREAM)
    place = found[0][4]
    return str(place[0]), int(place[1])


def new_socket(host: str) -> socket.socket:
    """Return a TCP socket of the address family of ``host``. The socket is not bound yet."""
    opened = socket.socket(family_of(host), socket.SOCK_STREAM)
    # Without this, the address would be in use while connections of an earlier listener are closing.
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return opened


def obstacle(host: str, port: int) -> OSError | None:
    """Return the error that prevents this process from listening on the address now.

    Return ``None`` if the process can listen.
    """
    try:
        with new_socket(host) as listening:
            listening.bind(address_of(host, port))
    except OSError as error:
        return error
    return None


def probe(host: str, port: int) -> None:
    """Raise ``ListenerUnavailable`` if this process cannot listen on the address now."""
    if (error := obstacle(host, port)) is not None:
        raise ListenerUnavailable(host, port, error) from error


def free_ports(host: str, port: int) -> list[int]:
    """Return up to ``ALTERNATIVES`` ports above ``port`` on which this process can listen now."""
    first = max(port + 1, FIRST_UNPRIVILEGED)
    candidates = range(first, min(first + LOOKED_AT, LAST + 1))
    return list(islice((number for number in candidates if obstacle(host, number) is None), ALTERNATIVES))


def explain(host: str, port: int, error: OSError) -> str:
    """Return a text that explains ``error``. If the port is in use, the text names the program."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use: {_holder(host, port)}"
    if is_forbidden(error):
        return f"this user may not listen on port {port}"
    if is_foreign(error):
        return f"{host} is not an address of this machine"
    return f"cannot listen on {listener(host, port)}: {error.strerror}"


def is_forbidden(error: OSError) -> bool:
    """Return whether ``error`` means that this user may not listen on the port."""
    return error.errno in {errno.EACCES, errno.EPERM}


def is_foreign(error: OSError) -> bool:
    """Return whether ``error`` means that the host does not resolve or is not an address of this machine."""
    return error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror)


def _holder(host: str, port: int) -> str:
    """Return a text that says who uses the port, such as ``nginx (pid 812) listens on 0.0.0.0:80``.

    If the program is not known, the text begins with ``another program``.
    """
    found = port_holders.in_the_way(*address_of(host, port))
    program = next(iter(port_holders.programs({one.inode for one in found})), "another program")
    return f"{program} listens on {listener(found[0].address if found else host, port)}"


def _fix(host: str, port: int, error: OSError) -> str:
    return "; ".join(_ways_out(host, port, error))


def _ways_out(host: str, port: int, error: OSError) -> Iterator[str]:
    if is_foreign(error):
        yield "pin an address of this machine with --bind HOST:PORT, or set bind_address"
        return
    if is_forbidden(error):
        yield f"use port {FIRST_UNPRIVILEGED} or higher"
    if free := free_ports(host, port):
        yield f"{in_words(free)} free"
    yield ELSEWHERE


def in_words(ports: list[int]) -> str:
    """Return the start of a sentence: ``port 1 is`` for ``[1]``, ``ports 1 and 2 are`` for ``[1, 2]``."""
    texts = [str(port) for port in ports]
    if len(texts) == 1:
        return f"port {texts[0]} is"
    return f"ports {', '.join(texts[:-1])} and {texts[-1]} are"
