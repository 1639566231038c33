"""Check whether the tables exist and have the current schema, and migrate the database."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib.util import find_spec

from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from config_app import store
from config_app.errors import DatabaseUnavailable, NewerSchema
from config_app.store.failures import WAIT, database_errors, is_locked


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
    fix = WAIT if is_locked(error) else "check that the database is reachable and that this user may use it"
    return DatabaseUnavailable(reason, fix)


def refuse_newer(applied: set[tuple[str, str]]) -> None:
    """Raise ``NewerSchema`` if an installed app lacks one of the migrations that were applied."""
    if _are_on_disk(applied):  # this is far quicker than loading all migrations
        return
    loader = MigrationExecutor(connection).loader
    unknown = sorted(
        f"{app}.{name}"
        for app, name in applied
        if app in loader.migrated_apps
        and (app, name) not in loader.disk_migrations
        and (app, name) not in loader.replacements
    )
    if unknown:
        raise NewerSchema(unknown)


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
        executor = _executor()
        refuse_newer(set(executor.loader.applied_migrations))
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _executor() -> MigrationExecutor:
    try:
        return MigrationExecutor(connection)
    except DatabaseError as error:
        raise _unusable(error) from error


def migrate() -> None:
    """Apply the pending migrations."""
    with database_errors(), _all_or_nothing():
        call_command("migrate", interactive=False, verbosity=0)


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
        yield
