"""Find out why the hub cannot read a configuration from its database yet."""

from __future__ import annotations

from config_app.errors import ConfigError, DatabaseUnavailable
from config_app.problems import Problem
from config_app.store.failures import is_locked
from hub.database import file, migration
from hub.start import claim_record

HOW_TO_START = "run manage.py bootstrap or manage.py serve"
NO_DATABASE = Problem(code="no_database", message="there is no database yet", fix=HOW_TO_START)
EMPTY_DATABASE = Problem(
    code="empty_database", message="the database exists, but it is still empty", fix=HOW_TO_START
)


def lacking() -> Problem | None:
    """Return a problem if the database is missing or still empty. Otherwise return ``None``.

    Raise ``ConfigError`` if the database cannot be read or is older than the code. Also raise ``ConfigError``
    if the database is missing or empty although the hub was claimed.
    """
    if (problem := _lacking()) is not None:
        claim_record.refuse_to_start_anew()
    return problem


def _lacking() -> Problem | None:
    try:
        if not file.is_there():
            return NO_DATABASE
        return None if migration.is_initialised() else EMPTY_DATABASE
    except DatabaseUnavailable as error:
        # If the database is locked, another query would have to wait once more.
        raise (None if is_locked(error.__cause__) else _outdated()) or error from None


def _outdated() -> ConfigError | None:
    """Return an error if the database is older than the code. Otherwise return ``None``."""
    if not migration.applied_migrations() or not migration.pending():
        return None  # a database without any migration is empty, not old
    return ConfigError("the database was made by an earlier version", fix=f"{HOW_TO_START} to update it")
