"""The changes on which this process has not acted yet, because they need new listeners or new workers."""

from __future__ import annotations

import functools
from typing import Any

from config_app.declaration.schema import Setting
from config_app.declaration.setting import TakesEffect
from config_app.project import get_schema
from config_app.store.forking import after_fork
from config_app.store.process import process

NOT_LIVE = (TakesEffect.LISTENERS, TakesEffect.WORKERS)


class _Applied:
    """The values that the listeners and workers of this process use, and why newer values cannot be used."""

    def __init__(self) -> None:
        # A forked child inherits these values, because it uses the listeners of its parent.
        self.values: dict[str, Any] = {}
        self.exempt: set[TakesEffect] = set()
        self.obstacle = ""

    def reset(self) -> None:
        self.values.clear()
        self.exempt.clear()
        self.obstacle = ""


_applied = process.keep(_Applied())


def acted_on(config: Any, *means: TakesEffect) -> None:
    """Record that the listeners or workers of this process now use the values in ``config``.

    With ``means``, record this only for the settings whose ``takes_effect`` is one of ``means``. Code that
    opens listeners or starts workers calls this function before it forks.
    """
    for setting in _settings(means or NOT_LIVE):
        _applied.values[setting.key] = get_schema().value(config, setting.key)


def pending(config: Any) -> list[str]:
    """Return the keys of the settings for which this process still uses other values than ``config``.

    Ignore settings that need no new listeners or workers. If ``acted_on`` was not called before, the first
    call of this function assumes that the process uses the values in ``config``.
    """
    means = tuple(means for means in NOT_LIVE if means not in _applied.exempt)
    values = {setting.key: get_schema().value(config, setting.key) for setting in _settings(means)}
    return [key for key, value in values.items() if _applied.values.setdefault(key, value) != value]


def exempt(*means: TakesEffect) -> None:
    """Make ``pending`` ignore settings whose ``takes_effect`` is in ``means``, also in child processes."""
    _applied.exempt.update(means)


def note_obstacle(text: str) -> None:
    """Record why this process cannot act on the configuration; an empty text means no obstacle."""
    _applied.obstacle = text


def obstacle() -> str:
    """Return why this process cannot act on the configuration; an empty text means no obstacle."""
    return _applied.obstacle


# A new child process has not failed to act on anything yet.
after_fork(functools.partial(note_obstacle, ""))


@functools.cache  # called many times a second, and there may be many settings
def _settings(means: tuple[TakesEffect, ...]) -> tuple[Setting, ...]:
    return tuple(setting for setting in get_schema().settings.values() if setting.takes_effect in means)
