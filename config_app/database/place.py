"""The database that holds the configuration: ``CONFIG_APP["DATABASE"]``, an alias of Django's ``DATABASES``.

All code of config_app reaches the database through this module. config_app never uses Django's ``connection``
and ``transaction`` directly, because both use the default database. Routers cannot change the choice of the
database.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from django.core.signals import setting_changed
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from config_app.database.names import check_prefix
from config_app.database.options import NotConfigured, option

MIGRATE = "manage.py migrate"
DUMMY = "django.db.backends.dummy"
"""If ``DATABASES`` has no default database, Django adds a default database with this ``ENGINE``."""
_OPENED_BY = "config_app_opened_by"
"""This attribute of a connection contains the id of the process that opened the connection."""


def check_alias() -> str:
    """Return ``CONFIG_APP["DATABASE"]``, or Django's default alias if this option is missing.

    Raise ``NotConfigured`` if ``DATABASES`` has no database with this alias.
    """
    found = option("DATABASE", DEFAULT_DB_ALIAS)
    known = [name for name in connections if connections.settings[name]["ENGINE"] != DUMMY]
    if found in known:
        return str(found)
    wrong = f"DATABASES has no database {found!r}" if isinstance(found, str) else "it is not a text"
    raise NotConfigured(
        f'CONFIG_APP["DATABASE"] does not name a database: {wrong}',
        fix=f"name one of {', '.join(known)}" if known else "add a database to DATABASES",
    )


@functools.cache
def alias() -> str:
    """Return the alias of the database that holds the configuration.

    Raise ``NotConfigured`` if there is no such database, or if the prefix of the tables is not valid.
    """
    check_prefix()
    return check_alias()


def connection() -> BaseDatabaseWrapper:
    """Return this thread's connection to the configuration's database."""
    return connections[alias()]


def atomic() -> AbstractContextManager[None]:
    """Return a context manager that runs its block in a transaction on the configuration's database."""
    return transaction.atomic(using=alias())


def on_commit(function: Callable[[], object]) -> None:
    """Call ``function`` after the current transaction on the configuration's database commits.

    If there is no transaction, call ``function`` immediately.
    """
    transaction.on_commit(function, using=alias())


def replace_connection(own: BaseDatabaseWrapper) -> None:
    """Close this thread's connection to the configuration's database. Use the connection ``own`` instead."""
    connection().close()
    connections[alias()] = own


@contextlib.contextmanager
def borrowing(shared: BaseDatabaseWrapper) -> Iterator[None]:
    """Within the block, this new thread uses ``shared``, the connection of another thread.

    The other thread must wait until the block ends.
    """
    shared.inc_thread_sharing()
    connections[alias()] = shared
    try:
        yield
    finally:
        del connections[alias()]
        shared.dec_thread_sharing()


def is_inherited() -> bool:
    """Return whether another process, such as the parent, opened this thread's connection.

    If so, this process must not use the connection.
    """
    pid, found = os.getpid(), connection()
    return found.connection is not None and getattr(found, _OPENED_BY, pid) != pid


def close_connections() -> None:
    """Close all connections of this thread, also the connections to other databases."""
    connections.close_all()


def close_others() -> None:
    """Close this thread's connections to other databases if they are broken or too old."""
    for other in connections.all(initialized_only=True):
        if other.alias != alias():
            other.close_if_unusable_or_obsolete()


def migrate_command() -> str:
    """Return the shell command that creates missing tables and triggers."""
    return MIGRATE if alias() == DEFAULT_DB_ALIAS else f"{MIGRATE} --database={alias()}"


def _note_opener(*, connection: BaseDatabaseWrapper, **_signal: object) -> None:
    setattr(connection, _OPENED_BY, os.getpid())


def _forget_alias(*, setting: str, **_signal: object) -> None:
    """Forget the cached alias when a test changes ``CONFIG_APP`` or ``DATABASES``."""
    if setting in {"CONFIG_APP", "DATABASES"}:
        alias.cache_clear()


connection_created.connect(_note_opener, dispatch_uid="config_app.database.opener")
setting_changed.connect(_forget_alias, dispatch_uid="config_app.database")
