"""Let this process use a database on another server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connections

from tests.support.databases import built_once

ON_BOTH_DATABASES = {
    "tests.config_app.admin.test_admin_conflicts",
    "tests.config_app.change.test_adoption",
    "tests.config_app.cli.test_config_set",
    "tests.config_app.cli.test_config_show",
    "tests.config_app.change.test_confirmation",
    "tests.hub.test_canary_scan",
    "tests.repository.test_defaults_in_the_database",
    "tests.hub.responses.test_health",
    "tests.hub.serving.test_network_settings",
    "tests.config_app.change.test_plan",
    "tests.config_app.change.test_reset",
    "tests.config_app.live.test_refused_values",
    "tests.config_app.live.test_resolution",
    "tests.config_app.change.test_rollback",
    "tests.config_app.encryption.test_upgraded_keyring",
    "tests.config_app.encryption.test_install_keyring",
    "tests.config_app.encryption.test_lost_keys",
    "tests.config_app.test_between_statements",
    "tests.config_app.admin.test_admin_secrets",
    "tests.config_app.cli.test_config_export",
    "tests.config_app.cli.test_config_import",
    "tests.config_app.cli.test_config_rotate_key",
    "tests.config_app.doctor.test_doctor_secrets",
    "tests.hub.backup.test_older_copies",
    "tests.setup_wizard.test_setup_claim",
    "tests.hub.auth.test_sign_out",
    "tests.hub.people.test_super_admins",
}
"""Modules whose tests in this process run a second time, on PostgreSQL."""
ON_BOTH_DATABASES_IN_SOAK = {
    "tests.config_app.admin.test_admin_confirmation",
    "tests.config_app.admin.test_admin_editor",
    "tests.config_app.admin.test_admin_history",
    "tests.config_app.cli.test_config_confirm",
    "tests.hub.dashboard.test_dashboard",
    "tests.hub.middleware.test_cors",
    "tests.hub.middleware.test_storable",
}
"""Modules that do so only in ``make soak``: they test what pages and commands say, not what is stored."""
ONLY_SQLITE = pytest.mark.only_sqlite
DEFAULT = "default"
DatabaseEntry = dict[str, Any]


@contextlib.contextmanager
def served_by(entry: DatabaseEntry) -> Iterator[None]:
    """Let all connections that this process opens within the block lead to another database."""
    before = connections.settings[DEFAULT]
    _switch(connections.configure_settings({DEFAULT: dict(entry)})[DEFAULT])
    try:
        yield
    finally:
        _switch(before)


def _switch(entry: DatabaseEntry) -> None:
    """Use another database in new connections, and drop what is cached about the current database."""
    kept = connections[DEFAULT]
    connections.settings[DEFAULT] = entry
    if entry["ENGINE"] != kept.settings_dict["ENGINE"]:
        kept.close()
        del connections[DEFAULT]
    built_once.forget()
    ContentType.objects.clear_cache()
