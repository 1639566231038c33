"""Under which address people reach the hub."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from config_app.errors import DatabaseUnavailable
from config_app.fields.hosts import in_brackets
from config_app.propagation import receipts
from hub.runtime_config import RuntimeConfig

WILDCARDS = {"0.0.0.0", "::"}  # noqa: S104 - names them, binds nothing


def reachable(host: str) -> str:
    """Return a bind address as it stands in a link that works on this machine."""
    return "127.0.0.1" if host in WILDCARDS else in_brackets(host)


def listener_in_use() -> Mapping[str, str]:
    """Return bind address and port by setting, where the hub served on this machine has them pinned."""
    try:
        here = [p for p in receipts.running() if p.machine == socket.gethostname()]
    except DatabaseUnavailable:
        return {}
    pinned = (process.pins for process in here if "port" in process.pins)
    return next(pinned, {})


def origin(config: RuntimeConfig) -> str:
    """Return the origin to open: the public one, or that of the listener in use."""
    if config.public_url:
        return config.public_url
    pinned = listener_in_use()
    host, port = pinned.get("bind_address", config.host), pinned.get("port", config.port)
    return f"http://{reachable(host)}:{port}"
