"""Pins one revision to a request."""

from __future__ import annotations

import dataclasses
from typing import Any

from config_app.live import overriding, runtime
from config_app.live.runtime import look_at_context
from config_app.live.snapshot import Snapshot
from config_app.logs import pinned


class OneRevision:
    """A context manager that pins the current configuration during its block and returns the revision.

    Code in the block does not see a change that is made during the block. If a test overrides values and the
    process has not read the database, nothing is pinned and the revision is 0.
    """

    # A generator with @contextmanager would take three times as long in each request. Each context variable
    # that is set makes every later read of any context variable slower, so there is only one.
    __slots__ = ("_pin", "_snapshot")

    def __init__(self) -> None:
        """Choose the snapshot that the block pins.

        If a snapshot is pinned already, choose this snapshot. Otherwise, choose the current snapshot. Raise
        ``ConfigError`` if there is no current snapshot.
        """
        self._snapshot = pinned.get() or _current()

    def __enter__(self) -> int:
        """Pin the configuration, and return its revision."""
        look_at_context()
        self._pin = pinned.set(self._snapshot)
        return self._snapshot.revision if self._snapshot else 0

    def __exit__(self, *_error: object) -> None:
        """Restore what was pinned before the block."""
        pinned.reset(self._pin)


def _current() -> Snapshot | None:
    return runtime.loaded() if overriding.innermost() else runtime.get_snapshot()


def see(config: Any, revision: int) -> None:
    """Pin ``config`` and ``revision`` for the rest of this request. Do nothing outside a request.

    The caller has just read ``config`` from the database.
    """
    snapshot = pinned.get()
    if snapshot is not None:
        pinned.set(dataclasses.replace(snapshot, config=config, revision=revision))
