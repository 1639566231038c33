"""Translates errors of the database into one-line errors with a fix."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.db import DatabaseError, ProgrammingError, transaction

from config_app.errors import ConfigurationLocked, DatabaseUnavailable
from config_app.project import get_project

CURE = "check that it is reachable, writable and not full"
WAIT = "wait until the process that holds the lock is done, or end it"


@contextlib.contextmanager
def database_errors() -> Iterator[None]:
    """Raise ``DatabaseUnavailable`` or ``ConfigurationLocked`` instead of an error of the database."""
    try:
        yield
    except OverflowError as raised:
        raise DatabaseUnavailable("a number in it is too large", "restore it from a backup") from raised
    except DatabaseError as raised:
        error = _first(raised)
        if _waited_for_lock(error):
            raise ConfigurationLocked from raised
        raise DatabaseUnavailable(_reason(error), _cure(error)) from raised


def _first(error: DatabaseError) -> DatabaseError:
    """Return the error that broke the transaction, if ``error`` only says that the transaction is broken."""
    earlier = error.__context__
    is_complaint = isinstance(error, transaction.TransactionManagementError)
    return earlier if is_complaint and isinstance(earlier, DatabaseError) else error


def _reason(error: DatabaseError) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _waited_for_lock(error: DatabaseError) -> bool:
    """Return whether PostgreSQL stopped waiting for a lock (SQLSTATE 55P03, lock_not_available)."""
    return getattr(error.__cause__, "sqlstate", None) == "55P03"


def _cure(error: DatabaseError) -> str:
    """Return how to fix the error."""
    # A table or column is missing if the migrations of this version have not run yet.
    if isinstance(error, ProgrammingError) or "no such " in str(error):
        return f"run {get_project().words.prepare} to bring its tables up to date"
    return WAIT if is_locked(error) else CURE


def is_locked(error: BaseException | None) -> bool:
    """Return whether SQLite stopped waiting for a lock that another process holds."""
    return isinstance(error, DatabaseError) and "is locked" in str(error)
