"""The libraries with which config_app is compared."""

from __future__ import annotations

from importlib.util import find_spec

CONSTANCE, DYNAMIC_PREFERENCES = "constance", "dynamic_preferences"


def installed() -> list[str]:
    """Return the libraries that are installed; ``make bench`` installs all of them."""
    return [name for name in (CONSTANCE, DYNAMIC_PREFERENCES) if find_spec(name) is not None]
