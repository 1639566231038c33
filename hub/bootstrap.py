"""From an empty folder to a hub that can serve: detected, done once, safe from many processes."""

from __future__ import annotations

import enum
import socket

from asgiref.sync import sync_to_async
from django.db import connection

from config_app import store
from config_app.change import confirmation
from config_app.change.plan import plan
from config_app.encryption import install_keyring
from config_app.live import runtime
from config_app.live.resolution import read_without_keyring
from config_app.models import Revision
from config_app.propagation import receipts, watcher
from hub.database import file, migration
from hub.environment.env_import import current_import, instance
from hub.environment.instance import ensure_data_dir, remember_database
from hub.runtime_config import RuntimeConfig, get_config, is_configured
from hub.start import backup
from hub.start.generated import cookie_password
from hub.start.lock import bootstrap_lock
from setup_wizard.claiming import tokens


class BootstrapState(enum.StrEnum):
    """How far an install has come."""

    NO_DATABASE = "no_database"
    EMPTY_DATABASE = "empty_database"
    UNCONFIGURED = "unconfigured"
    CONFIGURED = "configured"
    RUNNING = "running"


def get_bootstrap_state() -> BootstrapState:
    """Detect the state; raise ``DatabaseUnavailable`` or ``NewerSchema``, never guess."""
    if not file.is_there():
        return BootstrapState.NO_DATABASE
    if not migration.is_initialised():
        return BootstrapState.EMPTY_DATABASE
    if not is_configured(runtime.read_snapshot(read_without_keyring).config):
        return BootstrapState.UNCONFIGURED
    return BootstrapState.RUNNING if watcher.is_watching() else BootstrapState.CONFIGURED


def bootstrap_application() -> RuntimeConfig:
    """Bring the install to where it can serve and return its configuration.

    Idempotent, and safe from any number of processes at once: one does the work, the others wait. What was
    not confirmed in time is reverted, because no other process may be left to do so (W6).
    Raises ``ConfigError`` with a diagnosis and a cure; whatever is raised, nothing is half done.
    """
    ensure_data_dir(instance().data_dir)
    if (path := file.location()) is not None:
        file.require_access(path)
    if not _is_ready():
        with bootstrap_lock(instance()):
            _bring_up()
    if runtime.reload().confirm_by is not None:
        confirmation.revert_overdue()
    return get_config()


async def abootstrap_application() -> RuntimeConfig:
    """Bring the install to where it can serve and return its configuration."""
    return await sync_to_async(bootstrap_application)()


def _is_ready() -> bool:
    if instance().first_start or not file.is_there() or migration.pending():
        return False  # an older schema is migrated before anything reads it
    if not migration.is_initialised() or install_keyring.lacks_slot():
        return False
    return not _facts_changed() and _has_token_if_unclaimed()


def _facts_changed() -> bool:
    """Tell whether the database moved; hubs that share a server may each spell its address their own way."""
    row = store.read().rows.get("database_path")
    if row is None:
        return True
    return row.value != instance().database_label and not _is_shared()


def _is_shared() -> bool:
    here = socket.gethostname()
    return file.location() is None and any(p.machine != here for p in receipts.running())


def _has_token_if_unclaimed() -> bool:
    config = runtime.read_snapshot(read_without_keyring).config
    return is_configured(config) or tokens.is_usable()


def _bring_up() -> None:
    """Do whatever is missing, in the order in which it is needed; only under the lock."""
    if (path := file.location()) is not None:
        file.create(path)
    run_migrations_once()
    with store.writing() as stored:
        install_keyring.ensure_keyring()
        install_keyring.ensure_slots()
        auto_migrate_from_env()
        _record_facts(first=stored.revision == 0)
    remember_database(instance())
    if not is_configured(runtime.reload().config):
        tokens.ensure()


def run_migrations_once() -> None:
    """Bring the schema up to date, after a backup where there is something to lose."""
    if not migration.pending():
        return
    if connection.introspection.table_names():
        backup.back_up(instance())
    migration.migrate()


def auto_migrate_from_env() -> Revision | None:
    """Import ``.env`` and the process environment, once in the life of a database; ``None`` afterwards.

    What does not validate is left out, recorded with what was expected, and reported until it is settled.
    """
    if store.read().revision > 0:
        return None
    found = current_import()
    drawn = plan(found.values, refusals=found.refusals)
    return drawn.apply(actor="hub", channel="env", reason="imported at the first start")


def _record_facts(*, first: bool) -> None:
    """Record where the database is, and at the very first start what the hub makes itself."""
    facts: dict[str, object] = {}
    if _facts_changed():
        facts["database_path"] = instance().database_label
    if first and "workos_cookie_password" not in store.read().rows:
        facts["workos_cookie_password"] = cookie_password()
    reason = "the first start" if first else "where the database is now"
    plan(facts, managed=True).apply(actor="hub", channel="bootstrap", reason=reason)
