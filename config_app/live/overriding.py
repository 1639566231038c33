"""Other values, which a test uses instead of those of the configuration."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any


class Override:
    """Other values for some attributes; all other values stay those of the configuration.

    It applies from ``begin`` until ``end``, on top of the override that the caller has already.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.outer: Override | None = None
        self.is_over = False
        self._values = dict(values)
        self._last: tuple[Any, Any] = (None, None)

    def begin(self) -> None:
        """Use the values in this thread or task, and in all that have no override of their own."""
        self.outer = innermost()
        _own.set(self)
        _everywhere.append(self)

    def end(self) -> None:
        """Return to the values from before; this may happen in another thread or task."""
        self.is_over = True
        _everywhere.remove(self)
        _own.set(_not_over(_own.get()))

    def on(self, config: Any) -> Any:
        """Return ``config`` with the values of this override and of the outer ones."""
        outer = _not_over(self.outer)
        below = outer.on(config) if outer else config
        if self._last[0] is not below:  # callers may rely on getting the same object again
            self._last = below, dataclasses.replace(below, **self._values)
        return self._last[1]


_own: ContextVar[Override | None] = ContextVar("config_app_override", default=None)
_everywhere: list[Override] = []
"""Threads and tasks without an override of their own see the last one."""


def innermost() -> Override | None:
    """Return the override that the caller sees; ``None`` if there is none."""
    return _not_over(_own.get()) or (_everywhere[-1] if _everywhere else None)


def _not_over(override: Override | None) -> Override | None:
    """Return the first override that has not ended, from ``override`` outwards."""
    while override is not None and override.is_over:
        override = override.outer
    return override
