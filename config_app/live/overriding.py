"""Values that a test uses instead of the values of the configuration."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any


class Override:
    """Replaces the values of some attributes of the runtime config.

    The override applies from ``begin`` until ``end``. If the caller already has an override, that
    override still applies to all other attributes.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.outer: Override | None = None
        self.is_over = False
        self._values = dict(values)
        self._last: tuple[Any, Any] = (None, None)

    def begin(self) -> None:
        """Use the values in this thread or task, and in all other threads and tasks that have no override."""
        self.outer = innermost()
        _own.set(self)
        _everywhere.append(self)

    def end(self) -> None:
        """End the override, so that the earlier values apply again. Any thread or task can call ``end``."""
        self.is_over = True
        _everywhere.remove(self)
        _own.set(_not_over(_own.get()))

    def on(self, config: Any) -> Any:
        """Return a copy of ``config`` with the values of this override and of the overrides around it."""
        outer = _not_over(self.outer)
        below = outer.on(config) if outer else config
        if self._last[0] is not below:  # callers may rely on getting the same object again
            self._last = below, dataclasses.replace(below, **self._values)
        return self._last[1]


_own: ContextVar[Override | None] = ContextVar("config_app_override", default=None)
_everywhere: list[Override] = []
"""The overrides that have not ended. A thread or task without its own override sees the last override."""


def innermost() -> Override | None:
    """Return the override that the caller sees; ``None`` if there is none."""
    return _not_over(_own.get()) or (_everywhere[-1] if _everywhere else None)


def _not_over(override: Override | None) -> Override | None:
    """Return ``override`` if this override has not ended.

    Otherwise, return the closest override around ``override`` that has not ended. Return ``None`` if all of
    them have ended.
    """
    while override is not None and override.is_over:
        override = override.outer
    return override
