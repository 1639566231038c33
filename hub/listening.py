"""Where the hub listens, and whether it can."""

from __future__ import annotations

import errno
import socket

from config_app.errors import ConfigError
from config_app.fields.hosts import in_brackets

INHERITED = ("GUNICORN_FD", "LISTEN_FDS")
"""Variables with which an earlier master, or systemd, hands over sockets that listen already."""

ELSEWHERE = "pin another address with --bind HOST:PORT, or run manage.py config set port N"


class ListenerUnavailable(ConfigError):
    """The hub cannot listen at an address."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        message, fix = _explain(host, port, error)
        super().__init__(message, keys=("bind_address", "port"), fix=fix)


def listener(host: str, port: int) -> str:
    """Return a bind address as gunicorn takes it."""
    return f"{in_brackets(host)}:{port}"


def probe(host: str, port: int) -> None:
    """Raise ``ListenerUnavailable`` unless this process could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET  # as gunicorn chooses
    try:
        with socket.socket(family, socket.SOCK_STREAM) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, port))
    except OSError as error:
        raise ListenerUnavailable(host, port, error) from error


def _explain(host: str, port: int, error: OSError) -> tuple[str, str]:
    """Return what is wrong and what to do about it."""
    place = listener(host, port)
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use: something else listens at {place}", f"stop that, {ELSEWHERE}"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"port {port} is not permitted to this user", f"take one from 1024 on: {ELSEWHERE}"
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return f"{host} is no address of this machine", "pin one with --bind, or set bind_address"
    return f"cannot listen at {place}: {error.strerror}", ELSEWHERE
