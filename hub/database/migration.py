"""The database's schema: is it there, is it ours, is it current?"""

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
    """Return the migrations that the database has; raise ``DatabaseUnavailable``."""
    try:
        return set(MigrationRecorder(connection).applied_migrations())
    except DatabaseError as error:
        raise _unusable(error) from error


def is_initialised() -> bool:
    """Tell whether the tables are there and the first revision is written; raise ``NewerSchema``."""
    applied = applied_migrations()
    refuse_newer(applied)
    return any(app == "config_app" for app, _ in applied) and store.read().revision > 0


def _unusable(error: DatabaseError) -> DatabaseUnavailable:
    if "not a database" in str(error) or "malformed" in str(error):
        return DatabaseUnavailable(
            f"{connection.settings_dict['NAME']} is damaged or no SQLite database",
            "restore it from a backup, or name another file in HUB_DATABASE_PATH",
        )
    reason = str(error).strip().splitlines()[0]
    if connection.vendor == "sqlite":
        reason = f"{connection.settings_dict['NAME']}: {reason}"
    fix = WAIT if is_locked(error) else "check that it is reachable and that this user may use it"
    return DatabaseUnavailable(reason, fix)


def refuse_newer(applied: set[tuple[str, str]]) -> None:
    """Raise ``NewerSchema`` where the database has migrations of our apps that this code lacks."""
    if _are_on_disk(applied):  # to load them all takes far longer than to see that they are there
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
    """Tell whether there is a module for each migration of an installed app."""
    installed = {config.label for config in apps.get_app_configs()}
    packages = {app: MigrationLoader.migrations_module(app)[0] for app, _ in applied if app in installed}
    try:
        return all(find_spec(f"{packages[app]}.{name}") for app, name in applied if app in packages)
    except ModuleNotFoundError:
        return False


def pending() -> bool:
    """Tell whether the schema is older than the code; raise ``NewerSchema`` where it is newer."""
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
    """Apply what is pending."""
    with database_errors(), _all_or_nothing():
        call_command("migrate", interactive=False, verbosity=0)


@contextlib.contextmanager
def _all_or_nothing() -> Iterator[None]:
    """Commit all migrations at once, where a database can take tables back.

    Django commits the tables of a migration before it notes that it was applied: whoever was killed in
    between could never migrate again, because the tables exist already (R1).
    """
    if not connection.features.can_rollback_ddl:
        yield
        return
    with connection.constraint_checks_disabled(), transaction.atomic():  # SQLite checks them at the end
        yield
