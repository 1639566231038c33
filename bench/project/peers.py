"""The libraries that the hub's configuration is compared with."""

from __future__ import annotations

from importlib.util import find_spec

CONSTANCE, DYNAMIC_PREFERENCES = "constance", "dynamic_preferences"


def installed() -> list[str]:
    """Return those that are installed: the lock file for benchmarks has them all."""
    return [name for name in (CONSTANCE, DYNAMIC_PREFERENCES) if find_spec(name) is not None]
