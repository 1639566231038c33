"""Find out why the hub cannot read a configuration from its database yet."""

from __future__ import annotations

import os

from django.db import DatabaseError, OperationalError

from config_app.errors import ConfigError, DatabaseUnavailable
from config_app.problems import Problem
from config_app.store.failures import database_errors, is_locked
from hub.database import file, migration
from hub.environment.env_import import instance
from hub.environment.instance import DATA_DIR, DATABASE_PATH, DATABASE_URL
from hub.start import claim_record

HOW_TO_START = "run manage.py bootstrap or manage.py serve"
# A shell often lacks the variables of the service. A start would then make a second hub.
WHICH_HUB = (
    'if a hub runs already, use the command in the line "Commands for this hub" of its log; '
    f"to start a new hub, {HOW_TO_START}"
)


def lacking() -> Problem | None:
    """Return a problem if the database is missing or still empty. Otherwise return ``None``.

    Raise ``ConfigError`` if the database cannot be read or is older than the code. Also raise ``ConfigError``
    if the database is missing or empty although the hub was claimed.
    """
    if (problem := _lacking()) is not None:
        claim_record.refuse_to_start_anew()
    return problem


def explain(error: Exception) -> ConfigError | None:
    """Return the cause of an error that a command of Django has raised because of the database.

    Return ``None`` if the error has another cause.
    """
    if not isinstance(error, DatabaseError):
        return None
    try:
        if (problem := lacking()) is not None:
            return ConfigError(problem.message, fix=problem.fix)
        if isinstance(error, OperationalError):
            with database_errors():
                raise error
    except ConfigError as cause:
        return cause
    return None


def _lacking() -> Problem | None:
    try:
        if not file.is_there():
            return _no_database()
        return None if migration.is_initialised() else _empty_database()
    except DatabaseUnavailable as error:
        # If the database is locked, another query would have to wait once more.
        raise (None if is_locked(error.__cause__) else _outdated()) or error from None


def _no_database() -> Problem:
    message = f"there is no database yet: {instance().database_label} does not exist{_unset_variables()}"
    return Problem(code="no_database", message=message, fix=WHICH_HUB)


def _empty_database() -> Problem:
    message = f"the database exists, but it is still empty: {instance().database_label}{_unset_variables()}"
    return Problem(code="empty_database", message=message, fix=WHICH_HUB)


def _unset_variables() -> str:
    """Return a text that names the variable that the shell may lack. Return ``""`` if it lacks none."""
    if DATABASE_URL in os.environ or DATABASE_PATH in os.environ:
        return ""
    if not instance().first_start:
        return (
            f", although a hub was started with the directory {instance().data_dir}; "
            f"{DATABASE_URL} and {DATABASE_PATH} are not set in this process"
        )
    return "" if DATA_DIR in os.environ else f", and {DATA_DIR} is not set in this process"


def _outdated() -> ConfigError | None:
    """Return an error if the database is older than the code. Otherwise return ``None``."""
    if not migration.applied_migrations() or not migration.pending():
        return None  # a database without any migration is empty, not old
    return ConfigError("the database was made by an earlier version", fix=f"{HOW_TO_START} to update it")
