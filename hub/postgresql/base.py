"""A Django database backend for PostgreSQL that limits its queries. Its ``ENGINE`` is ``hub.postgresql``."""

from __future__ import annotations

import math
from itertools import chain
from typing import Any

from django.db.backends.postgresql import base

from config_app.database.limited_queries import limit_driver
from hub.postgresql import limits, pool
from hub.postgresql.pool import Pool

# A pooler hands each transaction to another session, which other programs may use too. So the parameters are
# set only if this session belongs to this connection alone.
SET_LIMITS = (
    "SELECT set_config(name, value, false) FROM (VALUES {}) AS t (name, value) WHERE pg_backend_pid() = %s"
)
STATEMENT_TIMEOUT = "SELECT extract(epoch FROM current_setting('statement_timeout')::interval)"
"""Returns the operator's own time limit for statements, in seconds, or 0 if there is no limit."""


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL. Its queries have the time limits of this process."""

    @property
    def pool(self) -> Pool | None:
        """Return this worker's pool. Return ``None`` in other processes, or if the URL has ``pool=0``."""
        # The pool belongs to the worker: a process that forks must have none. The thread that watches the
        # configuration has a connection of its own, without the option.
        if not (self.settings_dict["OPTIONS"].get("pool") and limits.pool_size()):
            return None
        pools: dict[str, Pool] = self._connection_pools  # type: ignore[attr-defined]  # not in the stubs
        if self.alias not in pools:
            pools.setdefault(self.alias, self._new_pool())
        return pools[self.alias]

    def _new_pool(self) -> Pool:
        return Pool(
            kwargs=self.get_connection_params() | {"autocommit": True},
            configure=self._configure_connection,  # type: ignore[arg-type]  # the result is not used
            open=False,
            min_size=0,
            max_size=limits.pool_size(),
            timeout=pool.WAIT,
            max_waiting=pool.MOST_REQUESTS,
            max_idle=pool.IDLE,
            reconnect_timeout=0.0,
        )

    def _configure_connection(self, connection: Any) -> bool:
        """Set the time limits of a new connection. Return whether the changes must be committed."""
        # Django calls this method once for each connection of the driver.
        patience = limits.WorkerPatience()
        if limits.current() is limits.OF_WORKERS:
            limit_driver(connection, patience)
        super()._configure_connection(connection)  # type: ignore[misc]  # not in the stubs
        given = str(self.settings_dict["OPTIONS"].get("options", ""))  # the operator's own limits stay
        wanted = [(name, value) for name, value in limits.current().parameters() if name not in given]
        if wanted:
            statement = SET_LIMITS.format(", ".join(["(%s, %s)"] * len(wanted)))
            connection.execute(statement, [*chain(*wanted), connection.info.backend_pid])
        if "statement_timeout" in given:
            (seconds,) = connection.execute(STATEMENT_TIMEOUT).fetchone()
            patience.longest = float(seconds or math.inf) + limits.MORE
        return True
