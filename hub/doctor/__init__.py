"""The hub's own checks for ``config doctor``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.db import connection

from hub.doctor import access, database, files, network
from setup_wizard import doctor as setup

if TYPE_CHECKING:
    from config_app.problems import Check, Look


def facts_without_database() -> Iterator[Look]:
    """Yield the functions that check the hub's files and the locks. They need no configuration."""
    yield files.data_directory
    if connection.vendor == "sqlite":
        yield files.database_file
    if connection.vendor == "postgresql":
        yield database.locks
    yield files.key_file
    yield files.env_file


def facts() -> Iterator[Check]:
    """Yield the functions whose checks need the configuration from the database."""
    yield database.migrations
    if connection.vendor == "sqlite":
        yield database.journal
    if connection.vendor == "postgresql":
        yield database.connections
    yield setup.setup_token
    yield setup.setup_draft
    yield access.sign_in
    yield access.local_administrator
    yield access.workos
    yield network.transport
    yield network.listener
    yield network.hosts
