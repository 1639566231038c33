"""The secrets that the current configuration cannot decrypt."""

from __future__ import annotations

from config_app.live.snapshot import read_snapshot
from tests.support.databases.raw_sql import rows


def slots() -> list[tuple[object, ...]]:
    return rows("SELECT * FROM config_key_slot")


def unreadable() -> list[str]:
    """Return the settings whose secrets the configuration cannot read."""
    return [key for p in read_snapshot().problems if p.code == "secret_unreadable" for key in p.keys]
