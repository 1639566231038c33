"""The address at which people reach the hub."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from config_app.errors import DatabaseUnavailable
from config_app.fields.hosts import in_brackets
from config_app.propagation import receipts
from hub.runtime_config import RuntimeConfig

WILDCARDS = {"0.0.0.0", "::"}  # noqa: S104 - only names, nothing is bound


def reachable(host: str) -> str:
    """Return ``host`` for use in a URL. In place of a wildcard address, return ``127.0.0.1``."""
    return "127.0.0.1" if host in WILDCARDS else in_brackets(host)


def listener_in_use() -> Mapping[str, str]:
    """Return a dict with the pinned settings of the hub that runs on this machine.

    The dict maps the key of each pinned setting to the pinned value as text. The dict is empty if the hub's
    port is not pinned, or if the database is unavailable.
    """
    try:
        here = [p for p in receipts.running() if p.machine == socket.gethostname()]
    except DatabaseUnavailable:
        return {}
    pinned = (process.pins for process in here if "port" in process.pins)
    return next(pinned, {})


def origin(config: RuntimeConfig) -> str:
    """Return the public URL. If ``config`` has no public URL, return the origin of the listener."""
    if config.public_url:
        return config.public_url
    pinned = listener_in_use()
    host, port = pinned.get("bind_address", config.host), pinned.get("port", config.port)
    return f"http://{reachable(host)}:{port}"
