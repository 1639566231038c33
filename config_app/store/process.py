"""What this process remembers about the configuration. One call of ``reset`` forgets everything."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol, TypeVar


class Part(Protocol):
    """An object that remembers something about the configuration, and that ``Process.reset`` resets."""

    def reset(self) -> None:
        """Put the object into the state that it has in a process that has just started."""


P = TypeVar("P", bound=Part)


class Process:
    """The state of this process. The state consists of parts. ``reset`` resets all parts.

    The parts must contain only committed data. ``config_app.live.context`` keeps the data that a transaction
    sees before its commit.
    """

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._first_load: list[Callable[[], None]] = []
        self._unwatched_read: list[Callable[[], None]] = []
        self.is_short_command = False
        """Whether this process is a command that ends soon. Such a process starts no watcher by itself."""

    def keep(self, part: P) -> P:
        """Add ``part`` to the state of this process, and return ``part``."""
        self._parts.append(part)
        return part

    def after_first_load(self, function: Callable[[], None]) -> None:
        """Register a function to call after this process has read the configuration for the first time.

        After a reset, the next reading counts as the first one.
        """
        self._first_load.append(function)

    def loaded_first(self) -> None:
        """Call the functions that were passed to ``after_first_load``."""
        for function in self._first_load:
            function()

    def before_unwatched_reads(self, function: Callable[[], None]) -> None:
        """Register a function. If no watcher works, the function is called before a setting is read.

        Not every reading calls the function: ``config_app.live.runtime`` leaves some time between two calls.
        """
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


def is_test_run() -> bool:
    """Return whether Django's test environment is set up in this process."""
    utils = sys.modules.get("django.test.utils")
    return utils is not None and hasattr(utils._TestState, "saved_data")  # noqa: SLF001 - Django has no other sign
