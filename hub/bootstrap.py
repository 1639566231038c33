"""Prepare an install, so that the hub can serve. Several processes can do this at the same time."""

from __future__ import annotations

import enum
import logging
import socket
from pathlib import Path

from asgiref.sync import sync_to_async
from django.db import connection

from config_app import store
from config_app.change import confirmation
from config_app.change.plan import plan
from config_app.encryption import enrolment, rotation
from config_app.errors import ConfigError
from config_app.live import runtime
from config_app.live.resolution import read_without_keyring
from config_app.live.snapshot import read_snapshot
from config_app.models import Change, Revision
from config_app.propagation import receipts, watching
from hub.backup import before_migration
from hub.database import file, migration
from hub.environment.env_import import current_import, importable_file, instance
from hub.environment.instance import ensure_data_dir, remember_database
from hub.runtime_config import RuntimeConfig, get_config, is_configured
from hub.start import claim_record, install_id
from hub.start.generated import cookie_password
from hub.start.lock import bootstrap_lock
from setup_wizard.claiming import tokens

logger = logging.getLogger("hub")


class BootstrapState(enum.StrEnum):
    """The state of an install, from an empty folder to a running hub. The state is detected, never stored."""

    NO_DATABASE = "no_database"
    EMPTY_DATABASE = "empty_database"
    UNCONFIGURED = "unconfigured"
    CONFIGURED = "configured"
    RUNNING = "running"


def get_bootstrap_state() -> BootstrapState:
    """Return the state of the install.

    Raise ``DatabaseUnavailable`` if the database cannot be read. Raise ``NewerSchema`` if a later version of
    the hub has migrated the database.
    """
    if not file.is_there():
        return BootstrapState.NO_DATABASE
    if not migration.is_initialised():
        return BootstrapState.EMPTY_DATABASE
    if not is_configured(read_snapshot(read_without_keyring).config):
        return BootstrapState.UNCONFIGURED
    return BootstrapState.RUNNING if watching.is_watching() else BootstrapState.CONFIGURED


def bootstrap_application(*, from_scratch: bool = False, restoring: bool = False) -> RuntimeConfig:
    """Do all steps of the bootstrap that are still missing, and return the runtime config.

    If this hub was claimed but its database is missing or empty, the database is probably not mounted. Then
    raise ``DatabaseUnavailable``. With ``from_scratch``, start a new hub instead. With ``restoring``, make a
    new database too. The caller must restore a backup into this database. Until the restore is done, calls
    without these arguments still raise ``DatabaseUnavailable``.

    Several processes can call this function at the same time. One process does the work, and the other
    processes wait. If a step fails, raise ``ConfigError``. The error names the problem and the fix. A failed
    step has no partial effect, so the next call can repeat the step.
    """
    if instance().first_start and _has_no_database():
        importable_file()  # raises its errors before anything is created
    ensure_data_dir(instance().data_dir)
    if (path := file.location()) is not None:
        file.require_access(path)
    if not _is_ready():
        with bootstrap_lock(instance()):
            if not (from_scratch or restoring or _has_tables()):
                claim_record.refuse_to_start_anew()
            _bring_up()
    for problem in migration.newer_schema():
        logger.warning("%s", problem)
    # This may be the only process, so it reverts revisions that were not confirmed in time (W6).
    if runtime.reload().confirm_by is not None:
        confirmation.revert_overdue()
    if not restoring:
        _check_claim(from_scratch=from_scratch)
    return get_config()


def _has_no_database() -> bool:
    """Return whether the database has no tables of the hub yet, so that this start imports ``.env``."""
    try:
        return not file.is_there() or not migration.applied_migrations()
    except (OSError, ConfigError):  # the next steps of the bootstrap report what is wrong
        return False


def _check_claim(*, from_scratch: bool) -> None:
    """Bring the record of the claim up to date.

    Raise ``DatabaseUnavailable`` if the record says that this hub was claimed, but the database contains a
    hub that was never claimed. For example, a restore into a new database was interrupted.
    """
    is_claimed = is_configured(runtime.get_snapshot().config)
    if not (is_claimed or from_scratch or Change.objects.filter(key="app_mode").exists()):
        claim_record.refuse_to_start_anew()
    claim_record.keep(is_claimed=is_claimed)


async def abootstrap_application() -> RuntimeConfig:
    """Do what ``bootstrap_application`` does, without blocking the event loop."""
    return await sync_to_async(bootstrap_application)()


def _has_tables() -> bool:
    return file.is_there() and bool(connection.introspection.table_names())


def _is_ready() -> bool:
    if instance().first_start or not file.is_there() or migration.pending():
        return False  # an older schema must be migrated before anything reads it
    if not migration.is_initialised() or enrolment.lacks_slot() or rotation.has_expired():
        return False
    return not (_facts_changed() or install_id.is_due()) and _has_token_if_unclaimed()


def _facts_changed() -> bool:
    """Return whether the hub has to record the location of its database.

    Return ``True`` if no location is recorded. Also return ``True`` if another location is recorded and no
    hub on another machine uses this database.
    """
    row = store.read().rows.get("database_path")
    if row is None:
        return True
    # Hubs on several machines may write the address of their server differently. They must not overwrite
    # each other's spelling in turns.
    return row.value != instance().database_label and not _is_shared()


def _is_a_copy() -> bool:
    """Return whether the SQLite file is a copy.

    It is a copy if another file still exists at the recorded location.
    """
    here, row = file.location(), store.read().rows.get("database_path")
    if here is None or row is None:
        return False
    recorded = Path(row.value)
    return recorded.is_file() and not recorded.samefile(here)


def _is_shared() -> bool:
    here = socket.gethostname()
    return file.location() is None and any(p.machine != here for p in receipts.running())


def _has_token_if_unclaimed() -> bool:
    config = read_snapshot(read_without_keyring).config
    return is_configured(config) or tokens.is_usable()


def _bring_up() -> None:
    """Do all steps that are missing. The caller must hold the bootstrap lock."""
    if (path := file.location()) is not None:
        file.create(path)
    run_migrations_once()
    with store.writing() as stored:
        enrolment.ensure_keyring()
        enrolment.ensure_slots()
        rotation.drop_expired()
        auto_migrate_from_env()
        _record_facts(first=stored.revision == 0)
        install_id.ensure()
    remember_database(instance())
    if not is_configured(runtime.reload().config):
        tokens.ensure()


def run_migrations_once() -> None:
    """Apply the migrations that are pending. Before that, back up the database if it has tables."""
    if not migration.pending():
        return
    if connection.introspection.table_names():
        before_migration.back_up(instance().data_dir / "backups", instance().database_path)
    migration.migrate()


def auto_migrate_from_env() -> Revision | None:
    """Import ``.env`` and the process environment, and return the revision.

    If the database has a revision already, do nothing and return ``None``. An invalid value is not imported.
    Instead, the revision stores a note that says which value was expected. The hub shows this note until
    someone sets the setting.
    """
    if store.read().revision > 0:
        return None
    found = current_import()
    drawn = plan(found.values, refusals=found.refusals)
    return drawn.apply(actor="hub", channel="env", reason="imported at the first start")


def _record_facts(*, first: bool) -> None:
    """Record the location of the database. At the first start, also generate the first values of settings."""
    facts: dict[str, object] = {}
    if _facts_changed():
        facts["database_path"] = instance().database_label
        if _is_a_copy():
            facts[install_id.KEY] = install_id.new()
    if first:
        facts[install_id.KEY] = install_id.new()
        if "workos_cookie_password" not in store.read().rows:
            facts["workos_cookie_password"] = cookie_password()
    reason = "the first start" if first else "the location of the database has changed"
    plan(facts, managed=True).apply(actor="hub", channel="bootstrap", reason=reason)
