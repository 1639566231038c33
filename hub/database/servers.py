"""Time limits for connections to a database server. They end the wait for a server that does not answer."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from config_app.errors import ConfigError

POSTGRESQL = "django.db.backends.postgresql"
MYSQL = "django.db.backends.mysql"
CONNECT_TIMEOUT = 5
"""A connection attempt fails after this many seconds. By default, an attempt can take minutes."""
LIMITS: Mapping[str, Mapping[str, Any]] = {
    POSTGRESQL: {
        "connect_timeout": CONNECT_TIMEOUT,
        "tcp_user_timeout": 10_000,  # milliseconds without an acknowledgement until the connection fails
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    },
    MYSQL: {"connect_timeout": CONNECT_TIMEOUT},
}
OWN_POSTGRESQL = "hub.postgresql"
"""The hub's own Django backend for PostgreSQL. It limits the time of queries, and has a pool."""
LARGEST_POOL = 100


def with_limits(database: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of an entry in DATABASES, with time limits in OPTIONS and with the hub's own engine.

    If ``database`` already has an option with the same name, this option stays.

    Raise ``ConfigError`` if the driver for this database is not installed.
    """
    # Of the drivers for database servers, the hub's dependencies include only that for PostgreSQL.
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
    # Server-side cursors do not work behind a transaction pooler.
    entry = {**database, "OPTIONS": options, "DISABLE_SERVER_SIDE_CURSORS": True}
    if database["ENGINE"] == POSTGRESQL:
        # Each request has a thread of its own. If a connection stayed open, its thread would have ended.
        entry |= {"ENGINE": OWN_POSTGRESQL, "CONN_MAX_AGE": 0}
        options["pool"] = _pool(options.get("pool", True))
    return entry


def _pool(option: object) -> int:
    """Return the option ``pool``: the number of connections, or ``True`` if the hub chooses the number."""
    if isinstance(option, int) and 0 <= option <= LARGEST_POOL:
        return option
    raise ConfigError(
        "HUB_DATABASE_URL: the option pool is not valid",
        keys=("HUB_DATABASE_URL",),
        fix=f"write pool=N, with at most N connections for each worker (up to {LARGEST_POOL}), or pool=0",
    )
