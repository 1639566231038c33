"""Turns an error of the database into a ``ConfigError`` with a message of one line and a fix."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping

from django.db import DatabaseError, DataError, IntegrityError, ProgrammingError
from django.db.transaction import TransactionManagementError

from config_app.database.driver_messages import ADDRESS, cure_of
from config_app.errors import (
    BrokenTransaction,
    ConfigError,
    ConfigurationLocked,
    DatabaseUnavailable,
    UnstorableText,
    WriteConflict,
)
from config_app.project import get_project, prepare_command

CURE = "look for the cause in the log of the database server, or try again"
ENCODING = "use a database with the encoding UTF8, or replace this character"
WAIT = "wait until the process that holds the lock is done, or end that process"
SLOW = "check whether another program holds a lock or keeps the database server busy, then try again"

NO_LOCK = "55P03"
"""PostgreSQL's error code if it has waited too long for a lock."""
KNOWN: Mapping[str | None, Callable[[], ConfigError]] = {
    NO_LOCK: ConfigurationLocked,
    "40001": WriteConflict,  # serialization_failure
    "40P01": WriteConflict,  # deadlock_detected
    "25P02": BrokenTransaction,  # in_failed_sql_transaction
    "SQLITE_BUSY_SNAPSHOT": WriteConflict,  # another transaction changed what this one has read
}
"""Maps error codes of the database to errors of config_app. A code is a SQLSTATE or SQLite's error name."""
UNTRANSLATABLE, TOO_LONG, NO_RIGHTS, TOO_SLOW = "22P05", "22001", "42501", "57014"


@contextlib.contextmanager
def database_errors() -> Iterator[None]:
    """If the block raises a database error, raise a ``ConfigError`` that names the cause instead."""
    try:
        yield
    except OverflowError as raised:
        why, fix = "a number in it is too large", "restore the database from a backup"
        raise DatabaseUnavailable(why, fix) from raised
    except UnicodeEncodeError as raised:
        raise UnstorableText("it is not valid Unicode", "remove lone surrogates from the text") from raised
    except DatabaseError as raised:
        error = _first(raised)
        raise _known(error) or DatabaseUnavailable(_reason(error), cure(error)) from raised


def _known(error: DatabaseError) -> ConfigError | None:
    """Return the ``ConfigError`` for a known cause of ``error``; ``None`` if the cause is not known."""
    code = _code(error)
    if code in KNOWN:
        return KNOWN[code]()
    if isinstance(error, TransactionManagementError) and "'atomic' block" in str(error):
        return BrokenTransaction()
    if code == UNTRANSLATABLE or "Incorrect string value" in str(error):  # the second is MySQL's error
        return UnstorableText(f"the encoding{_encoding(error)} of the database lacks a character", ENCODING)
    if "NUL (0x00)" in str(error):
        return UnstorableText("it has a NUL character", "remove NUL characters from the text")
    if code == TOO_LONG:
        return UnstorableText("it is too long", "shorten the text")
    return None


def _encoding(error: DatabaseError) -> str:
    """Return a space and the encoding in PostgreSQL's message; empty if the message has no encoding."""
    # The rest of PostgreSQL's message contains a part of the value, so it is left out.
    found = re.search(r'in encoding "(\w+)"\s*$', str(error).strip().splitlines()[0])
    return f" {found[1]}" if found else ""


def _code(error: DatabaseError) -> str | None:
    """Return the SQLSTATE from PostgreSQL or the error name from SQLite; ``None`` on other databases."""
    cause = error.__cause__
    return getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)


def _first(error: DatabaseError) -> DatabaseError:
    """Return the error that explains what happened, usually ``error``.

    If ``error`` only says that the transaction is broken, return the error that broke the transaction.
    """
    earlier = error.__context__
    is_complaint = isinstance(error, TransactionManagementError)
    return earlier if is_complaint and isinstance(earlier, DatabaseError) else error


def _reason(error: DatabaseError) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def cure(error: DatabaseError) -> str:
    """Return how to fix the error."""
    if not isinstance(error, IntegrityError | DataError) and (found := cure_of(_reason(error))):
        return found.replace(ADDRESS, get_project().words.database_address)
    if _code(error) == NO_RIGHTS:
        return "give the database user the rights to read and write the tables"
    # A table or column is missing if the migrations of this version have not run yet.
    if isinstance(error, ProgrammingError) or "no such " in str(error):
        return f"run {prepare_command()} to bring the tables up to date"
    if _code(error) == TOO_SLOW:
        return SLOW
    return WAIT if is_locked(error) else CURE


def is_locked(error: BaseException | None) -> bool:
    """Return whether the database stopped waiting for a lock that another process or program holds."""
    return isinstance(error, DatabaseError) and ("is locked" in str(error) or _code(error) == NO_LOCK)
