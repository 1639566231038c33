"""Check whether the tables exist and have the current schema, and migrate the database."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from importlib.util import find_spec

from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from config_app import store
from config_app.errors import (
    ConfigError,
    ConfigurationLocked,
    DatabaseUnavailable,
    NewerSchema,
    WriteConflict,
)
from config_app.live.resolution import read_without_keyring
from config_app.live.snapshot import read_snapshot
from config_app.problems import Problem
from config_app.project import get_project
from config_app.store.failures import cure, database_errors
from config_app.store.process import process
from hub.database.compatibility import misfits

logger = logging.getLogger("hub")

LONGEST_WAIT = 1_000
"""On PostgreSQL, a migration waits for a table for at most this many milliseconds."""
TRIES, PAUSE = 30, 1.0
"""How often the hub tries to migrate if other processes use the tables, and the seconds between two tries."""


def applied_migrations() -> set[tuple[str, str]]:
    """Return the migrations that were applied to the database, as a set of pairs (app, name).

    Raise ``DatabaseUnavailable`` if the database cannot be read.
    """
    try:
        return set(MigrationRecorder(connection).applied_migrations())
    except DatabaseError as error:
        raise _unusable(error) from error


def is_initialised() -> bool:
    """Return whether the tables of ``config_app`` exist and contain a revision.

    Raise ``NewerSchema`` if a later version has migrated the database. Raise ``DatabaseUnavailable`` if the
    database cannot be read.
    """
    applied = applied_migrations()
    refuse_newer(applied)
    return any(app == "config_app" for app, _ in applied) and store.read().revision > 0


def _unusable(error: DatabaseError) -> DatabaseUnavailable:
    if "not a database" in str(error) or "malformed" in str(error):
        return DatabaseUnavailable(
            f"{connection.settings_dict['NAME']} is damaged or is not an SQLite database",
            "restore it from a backup, or name another file in HUB_DATABASE_PATH",
        )
    reason = str(error).strip().splitlines()[0]
    if connection.vendor == "sqlite":
        reason = f"{connection.settings_dict['NAME']}: {reason}"
    return DatabaseUnavailable(reason, cure(error))


def refuse_newer(applied: set[tuple[str, str]]) -> None:
    """Raise ``NewerSchema`` if this version cannot go on after the migrations that were applied.

    During an upgrade, hubs of two versions use one database. So a claimed hub goes on after the migrations of
    a newer version, if its own tables and columns are still there and no new column needs a value. A hub that
    is not claimed never goes on, because no one uses it yet, and the newer version can offer the wizard (S1).
    """
    error = NewerSchema(found) if (found := unknown_migrations(applied)) else None
    goes_on = error is None or (not misfits() and _is_claimed())
    _noted.note(error, goes_on=goes_on)
    if error is not None and not goes_on:
        raise error


def look() -> bool:
    """Find out whether a newer version has migrated the database. If so, log it once.

    Return whether this version can go on.
    """
    before = newer_schema()
    with contextlib.suppress(ConfigError, DatabaseError):  # other checks report that the database is away
        refuse_newer(applied_migrations())
    for problem in newer_schema():
        if problem not in before:
            logger.warning("%s", problem)
    return all(problem.severity != "error" for problem in newer_schema())


class _Noted:
    """What this process last found out about the migrations of a newer version."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.problems: tuple[Problem, ...] = ()

    def note(self, error: NewerSchema | None, *, goes_on: bool) -> None:
        self.problems = () if error is None else (_problem(error, goes_on=goes_on),)


_noted = process.keep(_Noted())


def _problem(error: NewerSchema, *, goes_on: bool) -> Problem:
    if not goes_on:
        return Problem(code=error.code, message=error.message, fix=error.fix or "", severity="error")
    message = f"{error.message}; this process of the earlier version goes on"
    return Problem(code=error.code, message=message, fix="restart this hub with the newer version")


def newer_schema() -> tuple[Problem, ...]:
    """Return a problem if a newer version has migrated the database. This makes no query.

    The severity is ``error`` if this version cannot go on.
    """
    return _noted.problems


class _Code:
    """The migrations of the code that this process runs. ``None`` means the migrations on the disk."""

    migrations: frozenset[tuple[str, str]] | None = None


_code = _Code()


def remember_code() -> None:
    """From now on, compare the database with the migrations that are on the disk now.

    A server calls this before it serves. Then a newer version of the code on the disk does not confuse it.
    """
    _code.migrations = frozenset(MigrationLoader(None).graph.nodes)


def unknown_migrations(applied: set[tuple[str, str]]) -> list[str]:
    """Return the names of the migrations in ``applied`` that an installed app does not have."""
    if _code.migrations is not None:
        installed = {config.label for config in apps.get_app_configs()}
        return sorted(f"{app}.{name}" for app, name in applied - _code.migrations if app in installed)
    if _are_on_disk(applied):  # this is far quicker than loading all migrations
        return []
    loader = MigrationExecutor(connection).loader
    return sorted(
        f"{app}.{name}"
        for app, name in applied
        if app in loader.migrated_apps
        and (app, name) not in loader.disk_migrations
        and (app, name) not in loader.replacements
    )


def _is_claimed() -> bool:
    return get_project().state(read_snapshot(read_without_keyring).config) != "unconfigured"


def _are_on_disk(applied: set[tuple[str, str]]) -> bool:
    """Return whether each applied migration of an installed app exists as a module."""
    installed = {config.label for config in apps.get_app_configs()}
    packages = {app: MigrationLoader.migrations_module(app)[0] for app, _ in applied if app in installed}
    try:
        return all(find_spec(f"{packages[app]}.{name}") for app, name in applied if app in packages)
    except ModuleNotFoundError:
        return False


def pending() -> bool:
    """Return whether some migrations are not applied yet.

    Raise ``NewerSchema`` if a later version has migrated the database. Raise ``DatabaseUnavailable`` if the
    database cannot be read.
    """
    with database_errors():
        if _code.migrations is not None:
            applied = applied_migrations()
            refuse_newer(applied)
            return not applied >= _code.migrations
        executor = _executor()
        refuse_newer(set(executor.loader.applied_migrations))
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _executor() -> MigrationExecutor:
    try:
        return MigrationExecutor(connection)
    except DatabaseError as error:
        raise _unusable(error) from error


def migrate() -> None:
    """Apply the pending migrations.

    Hubs of the earlier version may be running. If they use a table for too long, try again: up to ``TRIES``
    times. Then raise ``ConfigurationLocked`` or ``WriteConflict``.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            with database_errors(), _all_or_nothing():
                call_command("migrate", interactive=False, verbosity=0)
        except (ConfigurationLocked, WriteConflict):
            # Without a rollback, the tables of half a migration could be there already.
            if not tries_left or not connection.features.can_rollback_ddl:
                raise
            time.sleep(PAUSE)
        else:
            return


@contextlib.contextmanager
def _all_or_nothing() -> Iterator[None]:
    """Run the block in one transaction, if the database can roll back the creation of tables.

    With other databases, run the block without a transaction.
    """
    # Django commits the tables of a migration before it records the migration. If the process were killed in
    # between, the next migrate would fail, because the tables would already exist (R1).
    if not connection.features.can_rollback_ddl:
        yield
        return
    # SQLite checks the constraints at the end.
    with connection.constraint_checks_disabled(), transaction.atomic():
        if connection.vendor == "postgresql":
            # While a migration waits for a table, all pages that need this table wait behind it.
            connection.cursor().execute(f"SET LOCAL lock_timeout = {LONGEST_WAIT}")
        yield
