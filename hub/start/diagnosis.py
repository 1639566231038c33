"""What an install lacks before it has a configuration, or before this version can read it."""

from __future__ import annotations

from config_app.errors import ConfigError, DatabaseUnavailable
from config_app.problems import Problem
from config_app.store.failures import is_locked
from hub.database import file, migration

HOW_TO_START = "run manage.py bootstrap or manage.py serve"
NO_DATABASE = Problem(code="no_database", message="there is no database yet", fix=HOW_TO_START)
EMPTY_DATABASE = Problem(
    code="empty_database", message="there is a database, but nothing in it yet", fix=HOW_TO_START
)


def lacking() -> Problem | None:
    """Return what an install that was never started lacks; raise ``ConfigError`` where it cannot be read."""
    try:
        if not file.is_there():
            return NO_DATABASE
        return None if migration.is_initialised() else EMPTY_DATABASE
    except DatabaseUnavailable as error:
        # To ask a locked database once more would take as long again.
        raise (None if is_locked(error.__cause__) else _outdated()) or error from None


def _outdated() -> ConfigError | None:
    """Return the diagnosis where the database is merely older than the code."""
    if not migration.applied_migrations() or not migration.pending():
        return None  # nothing in it is not an older version of something
    return ConfigError("the database was made by an earlier version", fix=f"{HOW_TO_START}, which updates it")
