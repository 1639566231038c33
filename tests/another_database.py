"""This process with its database on another server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connections

from config_app.store import statements

ON_BOTH_DATABASES = {
    "tests.test_admin_confirmation",
    "tests.test_admin_conflicts",
    "tests.test_admin_editor",
    "tests.test_admin_history",
    "tests.test_adoption",
    "tests.test_config_confirm",
    "tests.test_config_set",
    "tests.test_config_show",
    "tests.test_confirmation",
    "tests.test_cors",
    "tests.test_dashboard",
    "tests.test_health",
    "tests.test_network_settings",
    "tests.test_plan",
    "tests.test_reset",
    "tests.test_resolve",
    "tests.test_rollback",
    "tests.test_setup_claim",
    "tests.test_sign_out",
    "tests.test_super_admins",
}
"""Modules whose tests in this process run a second time, on PostgreSQL (requirements R4, R8, B10 to B13)."""
ONLY_SQLITE = pytest.mark.only_sqlite
DEFAULT = "default"
DatabaseEntry = dict[str, Any]


@contextlib.contextmanager
def served_by(entry: DatabaseEntry) -> Iterator[None]:
    """Let every connection that this process opens from now on lead to another database."""
    before = connections.settings[DEFAULT]
    _switch(connections.configure_settings({DEFAULT: dict(entry)})[DEFAULT])
    try:
        yield
    finally:
        _switch(before)


def _switch(entry: DatabaseEntry) -> None:
    """Forget what is kept about the database there was; its connections end with their threads."""
    kept = connections[DEFAULT]
    connections.settings[DEFAULT] = entry
    if entry["ENGINE"] != kept.settings_dict["ENGINE"]:
        kept.close()
        del connections[DEFAULT]
    for composed in (statements.everything, statements.everything_packed, statements.unsettled):
        composed.cache_clear()
    ContentType.objects.clear_cache()
