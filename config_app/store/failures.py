"""What a database says when it cannot be used, as one line that a person can act on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.db import DatabaseError, ProgrammingError, transaction

from config_app.errors import ConfigurationLocked, DatabaseUnavailable

CURE = "check that it is reachable, writable and not full"
WAIT = "another process holds it: wait until that is done, or end it"


@contextlib.contextmanager
def database_errors() -> Iterator[None]:
    """Turn whatever the database says into one line that a person can act on."""
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
    """Return what broke a transaction, rather than the complaint that it is broken."""
    earlier = error.__context__
    is_complaint = isinstance(error, transaction.TransactionManagementError)
    return earlier if is_complaint and isinstance(earlier, DatabaseError) else error


def _reason(error: DatabaseError) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _waited_for_lock(error: DatabaseError) -> bool:
    """Tell whether PostgreSQL gave up waiting (55P03, lock_not_available)."""
    return getattr(error.__cause__, "sqlstate", None) == "55P03"


def _cure(error: DatabaseError) -> str:
    """Return what to do: a missing table or column is a schema that is older than the code."""
    if isinstance(error, ProgrammingError) or "no such " in str(error):
        return "run manage.py bootstrap, or migrate, to bring its tables up to date"
    return WAIT if is_locked(error) else CURE


def is_locked(error: BaseException | None) -> bool:
    """Tell whether SQLite gave up waiting for another process to be done."""
    return isinstance(error, DatabaseError) and "is locked" in str(error)
