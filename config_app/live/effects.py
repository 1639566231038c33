"""Which changes are still pending in this process, because they need new listeners or new workers."""

from __future__ import annotations

import functools
import os
from typing import Any

from config_app.declaration.schema import Setting
from config_app.declaration.setting import TakesEffect
from config_app.project import get_schema

NOT_LIVE = (TakesEffect.LISTENERS, TakesEffect.WORKERS)

_acted_on: dict[str, Any] = {}  # a forked child inherits it, because it uses the listeners of its parent
_exempt: set[TakesEffect] = set()
_obstacle = ""


def acted_on(config: Any, *means: TakesEffect) -> None:
    """Record that this process has applied ``config``, for settings whose ``takes_effect`` is in ``means``.

    Without ``means``, record it for the settings of listeners and workers. Code that opens listeners or
    starts workers calls this before it forks.
    """
    for setting in _settings(means or NOT_LIVE):
        _acted_on[setting.key] = get_schema().value(config, setting.key)


def pending(config: Any) -> list[str]:
    """Return the keys of the settings whose values in ``config`` this process has not applied yet.

    If ``acted_on`` was never called for a setting, the value at the first call of this function counts as
    applied.
    """
    means = tuple(means for means in NOT_LIVE if means not in _exempt)
    values = {setting.key: get_schema().value(config, setting.key) for setting in _settings(means)}
    return [key for key, value in values.items() if _acted_on.setdefault(key, value) != value]


def exempt(*means: TakesEffect) -> None:
    """Record that these ``means`` make no setting pending, in this process and in its children."""
    _exempt.update(means)


def note_obstacle(text: str) -> None:
    """Record why this process cannot apply the configuration; pass an empty text when it can again."""
    global _obstacle  # noqa: PLW0603 - one state per process
    _obstacle = text


def obstacle() -> str:
    """Return why this process cannot apply the configuration; empty if it can."""
    return _obstacle


def forget() -> None:
    """Forget everything, as if this process had just started; for tests."""
    _acted_on.clear()
    _exempt.clear()
    note_obstacle("")


# A new child process has not failed to apply anything yet.
os.register_at_fork(after_in_child=functools.partial(note_obstacle, ""))


@functools.cache  # called many times a second, and there may be many settings
def _settings(means: tuple[TakesEffect, ...]) -> tuple[Setting, ...]:
    return tuple(setting for setting in get_schema().settings.values() if setting.takes_effect in means)
