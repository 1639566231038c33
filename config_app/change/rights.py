"""Checks whether a person may make a change. Program code and shell commands may change every setting."""

from __future__ import annotations

from collections.abc import Iterable

from config_app.errors import ForbiddenChange, ForbiddenSetting, InvalidPlan
from config_app.project import get_project, get_schema

PERMISSION = ForbiddenChange.permission
"""The permission to change the configuration; Django gives it to every superuser."""


def is_person(actor: object) -> bool:
    """Return whether ``actor`` is a user object. Return ``False`` for a name and for ``None``."""
    return hasattr(actor, "get_username") or hasattr(actor, "has_perm")


def may_change_anything(user: object) -> bool:
    """Return whether ``user`` may change the configuration at all."""
    has_perm = getattr(user, "has_perm", None)
    if has_perm is None:  # a user model without permissions
        return bool(getattr(user, "is_superuser", False))
    return bool(has_perm(PERMISSION))


def check(actor: object, keys: Iterable[str]) -> None:
    """Raise ``InvalidPlan`` if ``keys`` contains a setting that ``actor`` may not change.

    An actor that is not a user object may change every setting. A key that is no longer declared is ignored.
    """
    if not is_person(actor):
        return
    if not may_change_anything(actor):
        raise InvalidPlan([ForbiddenChange()])
    project, settings = get_project(), get_schema().settings
    forbidden = [key for key in keys if key in settings and not project.may_change(actor, settings[key])]
    if forbidden:
        raise InvalidPlan(ForbiddenSetting(key) for key in forbidden)
