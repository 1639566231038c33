"""Which changes are still pending in this process, because they need new listeners or new workers."""

from __future__ import annotations

import functools
import os
from typing import Any

from config_app.declaration.schema import Setting
from config_app.declaration.setting import TakesEffect
from config_app.project import get_schema
from config_app.store.process import process

NOT_LIVE = (TakesEffect.LISTENERS, TakesEffect.WORKERS)


class _Applied:
    """The values that this process has applied, for settings that need new listeners or workers."""

    def __init__(self) -> None:
        self.values: dict[
            str, Any
        ] = {}  # a forked child inherits it, because it uses the listeners of its parent
        self.exempt: set[TakesEffect] = set()
        self.obstacle = ""

    def reset(self) -> None:
        self.values.clear()
        self.exempt.clear()
        self.obstacle = ""


_applied = process.keep(_Applied())


def acted_on(config: Any, *means: TakesEffect) -> None:
    """Record that this process has applied ``config``, for settings whose ``takes_effect`` is in ``means``.

    Without ``means``, record it for the settings of listeners and workers. Code that opens listeners or
    starts workers calls this before it forks.
    """
    for setting in _settings(means or NOT_LIVE):
        _applied.values[setting.key] = get_schema().value(config, setting.key)


def pending(config: Any) -> list[str]:
    """Return the keys of the settings whose values in ``config`` this process has not applied yet.

    If ``acted_on`` was never called for a setting, the value at the first call of this function counts as
    applied.
    """
    means = tuple(means for means in NOT_LIVE if means not in _applied.exempt)
    values = {setting.key: get_schema().value(config, setting.key) for setting in _settings(means)}
    return [key for key, value in values.items() if _applied.values.setdefault(key, value) != value]


def exempt(*means: TakesEffect) -> None:
    """Make ``pending`` ignore settings whose ``takes_effect`` is in ``means``, also in child processes."""
    _applied.exempt.update(means)


def note_obstacle(text: str) -> None:
    """Record why this process cannot apply the configuration; pass an empty text when it can again."""
    _applied.obstacle = text


def obstacle() -> str:
    """Return why this process cannot apply the configuration; empty if it can."""
    return _applied.obstacle


# A new child process has not failed to apply anything yet.
os.register_at_fork(after_in_child=functools.partial(note_obstacle, ""))


@functools.cache  # called many times a second, and there may be many settings
def _settings(means: tuple[TakesEffect, ...]) -> tuple[Setting, ...]:
    return tuple(setting for setting in get_schema().settings.values() if setting.takes_effect in means)
