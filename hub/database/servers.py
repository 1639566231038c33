"""What a database server asks of the hub: a driver, and limits on how long to wait for one that is silent."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from config_app.errors import ConfigError

MYSQL = "django.db.backends.mysql"
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
    MYSQL: {"connect_timeout": CONNECT_TIMEOUT},
}


def with_limits(database: Mapping[str, Any]) -> dict[str, Any]:
    """Return a DATABASES entry with limits in its OPTIONS; what the URL says about them counts more.

    Server-side cursors, which a transaction pooler would take away between two rows, are off. Raises
    ``ConfigError`` where the driver is missing, which comes with the hub for PostgreSQL only.
    """
    if database["ENGINE"] == MYSQL and find_spec("MySQLdb") is None:
        raise ConfigError(
            "HUB_DATABASE_URL: the driver for MySQL and MariaDB is not installed",
            keys=("HUB_DATABASE_URL",),
            fix="install mysqlclient into the hub's environment, or use PostgreSQL or SQLite",
        )
    limits = LIMITS.get(database["ENGINE"])
    if limits is None:
        return dict(database)
    options = {**limits, **database.get("OPTIONS", {})}
    return {**database, "OPTIONS": options, "DISABLE_SERVER_SIDE_CURSORS": True}
