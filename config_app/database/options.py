"""Reads ``CONFIG_APP`` of the Django settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config_app.errors import ConfigError

NAME_IT = 'set CONFIG_APP = {"PROJECT": "shop.configuration.ShopProject"}, with the path of your own class'
"""How to name the project in the Django settings."""


class NotConfigured(ConfigError, ImproperlyConfigured):
    """``CONFIG_APP`` in the Django settings is missing or wrong."""


def options() -> Mapping[str, Any]:
    """Return ``CONFIG_APP`` of the Django settings.

    Raise ``NotConfigured`` if ``CONFIG_APP`` is missing or is not a dictionary.
    """
    found = getattr(settings, "CONFIG_APP", None)
    if not isinstance(found, Mapping):
        wrong = "is missing from" if found is None else "is not a dictionary in"
        raise NotConfigured(f"CONFIG_APP {wrong} the Django settings", fix=NAME_IT)
    return found


def option(name: str, default: str) -> Any:
    """Return the option ``name`` of ``CONFIG_APP``. If there is no such option, return ``default``.

    If ``CONFIG_APP`` itself is missing or is not a dictionary, return ``default`` too.
    """
    # Django needs the names of the tables before its checks can report that CONFIG_APP is missing.
    found = getattr(settings, "CONFIG_APP", None)
    return found.get(name, default) if isinstance(found, Mapping) else default
