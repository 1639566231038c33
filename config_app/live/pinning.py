"""Pins one revision to a request."""

from __future__ import annotations

import dataclasses
from typing import Any

from config_app.live import context, overriding, runtime
from config_app.live.runtime import look_at_context
from config_app.live.snapshot import Snapshot
from config_app.logs import pinned_revision


class OneRevision:
    """A context manager that pins the current configuration in this context and returns its revision.

    Code in the block does not see a change that is made during the block. If a test overrides values and the
    process has not read the database, nothing is pinned and the revision is 0.
    """

    # A generator with @contextmanager would take three times as long in each request.
    __slots__ = ("_number", "_pin", "_seen", "_snapshot")

    def __init__(self) -> None:
        """Choose the snapshot that is pinned already, or else the current one.

        Raise ``ConfigError`` if there is no configuration.
        """
        self._snapshot = context.pinned.get() or _current()

    def __enter__(self) -> int:
        """Pin the configuration, and return its revision."""
        look_at_context()
        revision = self._snapshot.revision if self._snapshot else 0
        self._pin = context.pinned.set(self._snapshot)
        self._seen = context.seen.set(self._snapshot.config if self._snapshot else None)
        self._number = pinned_revision.set(revision)
        return revision

    def __exit__(self, *_error: object) -> None:
        """Restore what was pinned before the block."""
        pinned_revision.reset(self._number)
        context.seen.reset(self._seen)
        context.pinned.reset(self._pin)


def _current() -> Snapshot | None:
    return runtime.loaded() if overriding.innermost() else runtime.get_snapshot()


def see(config: Any, revision: int) -> None:
    """Pin ``config``, which was just read from the database, for the rest of this request.

    Do nothing outside a request.
    """
    pinned = context.pinned.get()
    if pinned is not None:
        context.pinned.set(dataclasses.replace(pinned, config=config, revision=revision))
        context.seen.set(config)
        pinned_revision.set(revision)
