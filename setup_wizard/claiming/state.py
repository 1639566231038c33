"""Whether this install may be set up: asked of the database each time, never of memory alone (S1)."""

from __future__ import annotations

from typing import Any

from config_app.live import runtime
from config_app.live.resolution import read_without_keyring, resolve
from config_app.project import get_schema
from config_app.store import Stored
from setup_wizard.errors import AlreadyClaimed
from setup_wizard.product import get_product


def unclaimed_config() -> Any:
    """Return what the database puts in force in an unclaimed install, secrets masked.

    Raises ``AlreadyClaimed``, or whatever ``ConfigError`` keeps the question from being answered.
    """
    return _refuse_claimed(runtime.read_snapshot(read_without_keyring).config)


def unclaimed_config_in(stored: Stored) -> Any:
    """Return the same of a table already read, within ``store.writing`` for one."""
    return _refuse_claimed(resolve(get_schema(), stored, read_without_keyring).config)


def is_claimed() -> bool:
    """Tell whether the database says claimed; raise ``ConfigError`` unless it is in order."""
    get_product().check_database()
    try:
        unclaimed_config()
    except AlreadyClaimed:
        return True
    return False


def _refuse_claimed(config: Any) -> Any:
    if get_product().is_configured(config):
        raise AlreadyClaimed
    return config
