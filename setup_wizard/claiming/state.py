"""Find out from the database whether this install is claimed."""

from __future__ import annotations

from typing import Any

from config_app.live.resolution import read_without_keyring, resolve
from config_app.live.snapshot import read_snapshot
from config_app.project import get_schema
from config_app.store import Stored
from setup_wizard.errors import AlreadyClaimed
from setup_wizard.product import get_product


def unclaimed_config() -> Any:
    """Read the configuration of an unclaimed install from the database. The secrets are masked.

    Raise ``AlreadyClaimed`` if the install is claimed. Raise another ``ConfigError`` if the database cannot
    be read.
    """
    return _refuse_claimed(read_snapshot(read_without_keyring).config)


def unclaimed_config_in(stored: Stored) -> Any:
    """Return the configuration in ``stored``. The secrets are masked.

    Raise ``AlreadyClaimed`` if the install is claimed.
    """
    return _refuse_claimed(resolve(get_schema(), stored, read_without_keyring).config)


def is_claimed() -> bool:
    """Return whether the install is claimed. Raise ``ConfigError`` if the database has a problem."""
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
