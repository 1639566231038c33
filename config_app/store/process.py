"""What this process remembers about the configuration. All of it is reset together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar


class Part(Protocol):
    """An object that keeps a part of the state of this process."""

    def reset(self) -> None:
        """Put the object into the state that it has in a process that has just started."""


P = TypeVar("P", bound=Part)


class Process:
    """The state of this process. It consists of parts, which ``reset`` resets together.

    The state may contain only committed data. ``config_app.live.context`` keeps what an open transaction
    sees.
    """

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._first_load: list[Callable[[], None]] = []
        self._unwatched_read: list[Callable[[], None]] = []
        self.is_short_command = False
        """Whether this process is a command that ends soon. If so, no watcher starts by itself."""

    def keep(self, part: P) -> P:
        """Add ``part`` to the state of this process and return it."""
        self._parts.append(part)
        return part

    def after_first_load(self, function: Callable[[], None]) -> None:
        """Call ``function`` after the first load in this process and after the first load since a reset."""
        self._first_load.append(function)

    def loaded_first(self) -> None:
        """Call the functions that were passed to ``after_first_load``."""
        for function in self._first_load:
            function()

    def before_unwatched_reads(self, function: Callable[[], None]) -> None:
        """Call ``function`` now and then before a read, while no watcher is known to work."""
        self._unwatched_read.append(function)

    def read_unwatched(self) -> None:
        """Call the functions that were passed to ``before_unwatched_reads``."""
        for function in self._unwatched_read:
            function()

    def reset(self) -> None:
        """Forget the whole state, as if this process had just started."""
        for part in self._parts:
            part.reset()


process = Process()
