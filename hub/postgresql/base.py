"""A Django database backend for PostgreSQL that limits its queries. Its ``ENGINE`` is ``hub.postgresql``."""

from __future__ import annotations

from itertools import chain
from typing import Any

from django.db.backends.postgresql import base

from config_app.database.limited_queries import limit_driver
from hub.postgresql import limits

# A pooler hands each transaction to another session, which other programs may use too. So the parameters are
# set only if this session belongs to this connection alone.
SET_LIMITS = (
    "SELECT set_config(name, value, false) FROM (VALUES {}) AS t (name, value) WHERE pg_backend_pid() = %s"
)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL. Its queries have the time limits of this process."""

    def _configure_connection(self, connection: Any) -> bool:
        """Set the time limits of a new connection. Return whether the changes must be committed."""
        # Django calls this method once for each connection of the driver.
        if limits.current() is limits.OF_WORKERS:
            limit_driver(connection, limits.WorkerPatience())
        super()._configure_connection(connection)  # type: ignore[misc]
        given = str(self.settings_dict["OPTIONS"].get("options", ""))  # the operator's own limits stay
        wanted = [(name, value) for name, value in limits.current().parameters() if name not in given]
        if wanted:
            statement = SET_LIMITS.format(", ".join(["(%s, %s)"] * len(wanted)))
            connection.execute(statement, [*chain(*wanted), connection.info.backend_pid])
        return True
