"""What this process remembers about the configuration, in parts that are reset together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar


class Part(Protocol):
    """A part of the state of this process."""

    def reset(self) -> None:
        """Return to the state of a process that has just started."""


P = TypeVar("P", bound=Part)


class Process:
    """The state of this process. One object keeps all its parts, so that a reset reaches every part.

    Only what is committed may be kept here. What an open transaction sees belongs to its caller
    (``config_app.live.context``).
    """

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._first_load: list[Callable[[], None]] = []
        self.is_short_command = False
        """Whether this process is a command that ends soon, so that no watcher starts by itself."""

    def keep(self, part: P) -> P:
        """Add ``part`` to the state and return it."""
        self._parts.append(part)
        return part

    def after_first_load(self, function: Callable[[], None]) -> None:
        """Call ``function`` each time this process loads its first configuration."""
        self._first_load.append(function)

    def loaded_first(self) -> None:
        """Call the functions that wait for the first configuration."""
        for function in self._first_load:
            function()

    def reset(self) -> None:
        """Reset every part, as if this process had just started."""
        for part in self._parts:
            part.reset()


process = Process()
