"""How long the hub waits for a database server that does not answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CONNECT_TIMEOUT = 5
"""Seconds to reach a server; without a limit, an address where nothing answers takes minutes."""
LIMITS: Mapping[str, Mapping[str, Any]] = {
    "django.db.backends.postgresql": {
        "connect_timeout": CONNECT_TIMEOUT,
        "tcp_user_timeout": 10_000,  # milliseconds until what the server does not acknowledge is given up
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    },
    "django.db.backends.mysql": {"connect_timeout": CONNECT_TIMEOUT},
}


def with_limits(database: Mapping[str, Any]) -> dict[str, Any]:
    """Return a DATABASES entry with limits in its OPTIONS; what the URL says about them counts more.

    Server-side cursors, which a transaction pooler would take away between two rows, are off.
    """
    limits = LIMITS.get(database["ENGINE"])
    if limits is None:
        return dict(database)
    options = {**limits, **database.get("OPTIONS", {})}
    return {**database, "OPTIONS": options, "DISABLE_SERVER_SIDE_CURSORS": True}
