"""Where the hub listens, whether it can, and what to say where it cannot."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from itertools import islice

from config_app.errors import ConfigError
from config_app.fields.hosts import in_brackets
from hub.serving import port_holders

INHERITED = ("GUNICORN_FD", "LISTEN_FDS")
"""Variables with which an earlier master, or systemd, hands over sockets that listen already."""

ELSEWHERE = "pin another address with --bind HOST:PORT, or run manage.py config set port N"
ALWAYS_WORK = "127.0.0.1 and 0.0.0.0 always work"
FIRST_UNPRIVILEGED, LAST = 1024, 65535
ALTERNATIVES, LOOKED_AT = 3, 50
"""How many free ports are named, and how many ports are tried to find them."""


class ListenerUnavailable(ConfigError):
    """The hub cannot listen at an address; ``cause`` is what the operating system said."""

    def __init__(self, host: str, port: int, cause: OSError) -> None:
        super().__init__(
            explain(host, port, cause), keys=("bind_address", "port"), fix=_fix(host, port, cause)
        )
        self.host, self.port, self.cause = host, port, cause


def listener(host: str, port: int) -> str:
    """Return a bind address as gunicorn takes it."""
    return f"{in_brackets(host)}:{port}"


def family_of(host: str) -> socket.AddressFamily:
    """Return the kind of socket that gunicorn opens for a bind address."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def address_of(host: str, port: int) -> tuple[str, int]:
    """Return what a listener there calls itself; raise ``OSError`` for a name that nobody knows."""
    found = socket.getaddrinfo(host, port, family_of(host), socket.SOCK_STREAM)
    place = found[0][4]
    return str(place[0]), int(place[1])


def new_socket(host: str) -> socket.socket:
    """Return a socket that will listen on a bind address, even where earlier connections still close."""
    opened = socket.socket(family_of(host), socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return opened


def obstacle(host: str, port: int) -> OSError | None:
    """Return what keeps this process from listening there now."""
    try:
        with new_socket(host) as listening:
            listening.bind((host, port))
    except OSError as error:
        return error
    return None


def probe(host: str, port: int) -> None:
    """Raise ``ListenerUnavailable`` unless this process could listen there now."""
    if (error := obstacle(host, port)) is not None:
        raise ListenerUnavailable(host, port, error) from error


def free_ports(host: str, port: int) -> list[int]:
    """Return the next few ports after ``port`` on which this process could listen now."""
    first = max(port + 1, FIRST_UNPRIVILEGED)
    candidates = range(first, min(first + LOOKED_AT, LAST + 1))
    return list(islice((number for number in candidates if obstacle(host, number) is None), ALTERNATIVES))


def explain(host: str, port: int, error: OSError) -> str:
    """Return what is wrong, and who is in the way."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use: {_holder(host, port)}"
    if is_forbidden(error):
        return f"port {port} is not permitted to this user"
    if is_foreign(error):
        return f"{host} is no address of this machine"
    return f"cannot listen at {listener(host, port)}: {error.strerror}"


def is_forbidden(error: OSError) -> bool:
    """Tell whether the port is there, but not for everybody."""
    return error.errno in {errno.EACCES, errno.EPERM}


def is_foreign(error: OSError) -> bool:
    """Tell whether the address is no matter of this machine."""
    return error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror)


def _holder(host: str, port: int) -> str:
    """Return who listens there, by name and process where this user may know."""
    found = port_holders.in_the_way(*address_of(host, port))
    program = next(iter(port_holders.programs({one.inode for one in found})), "another program")
    return f"{program} listens at {listener(found[0].address if found else host, port)}"


def _fix(host: str, port: int, error: OSError) -> str:
    return "; ".join(_ways_out(host, port, error))


def _ways_out(host: str, port: int, error: OSError) -> Iterator[str]:
    if is_foreign(error):
        yield "pin one with --bind, or set bind_address"
        return
    if is_forbidden(error):
        yield f"take one from {FIRST_UNPRIVILEGED} on"
    if free := free_ports(host, port):
        yield f"{in_words(free)} free"
    yield ELSEWHERE


def in_words(ports: list[int]) -> str:
    """Return ``port 1 is`` or ``ports 1, 2 and 3 are``."""
    texts = [str(port) for port in ports]
    if len(texts) == 1:
        return f"port {texts[0]} is"
    return f"ports {', '.join(texts[:-1])} and {texts[-1]} are"
