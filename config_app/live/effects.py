"""What this process has yet to act on: some changes need a new listener, or other workers."""

from __future__ import annotations

import functools
import os
from typing import Any

from config_app.declaration.schema import Setting
from config_app.declaration.setting import TakesEffect
from config_app.project import get_schema

NOT_LIVE = (TakesEffect.LISTENERS, TakesEffect.WORKERS)

_acted_on: dict[str, Any] = {}  # a child inherits it: it serves what its parent opened
_exempt: set[TakesEffect] = set()
_obstacle = ""


def acted_on(config: Any, *means: TakesEffect) -> None:
    """Note that this process now does what ``config`` says, by these means or by all of them.

    Whoever opens listeners or starts workers calls it before it forks.
    """
    for setting in _settings(means or NOT_LIVE):
        _acted_on[setting.key] = get_schema().value(config, setting.key)


def pending(config: Any) -> list[str]:
    """Return the settings, by key, of which this process does not yet do what ``config`` says.

    A process of which nobody noted anything does what it found when it was first asked.
    """
    means = tuple(means for means in NOT_LIVE if means not in _exempt)
    values = {setting.key: get_schema().value(config, setting.key) for setting in _settings(means)}
    return [key for key, value in values.items() if _acted_on.setdefault(key, value) != value]


def exempt(*means: TakesEffect) -> None:
    """Note that this process, and its children, have nothing to act on by these means."""
    _exempt.update(means)


def note_obstacle(text: str) -> None:
    """Note why this process cannot act on the configuration; an empty text once it can."""
    global _obstacle  # noqa: PLW0603 - one state a process; a child has not failed at anything yet
    _obstacle = text


def obstacle() -> str:
    """Return why this process cannot act on the configuration, or nothing."""
    return _obstacle


def forget() -> None:
    """Start anew, as a fresh process would."""
    _acted_on.clear()
    _exempt.clear()
    note_obstacle("")


os.register_at_fork(after_in_child=functools.partial(note_obstacle, ""))


@functools.cache  # asked many times a second, of any number of settings
def _settings(means: tuple[TakesEffect, ...]) -> tuple[Setting, ...]:
    return tuple(setting for setting in get_schema().settings.values() if setting.takes_effect in means)
