"""Pins one revision to a request, and overrides values in tests."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

from config_app.live import context, runtime
from config_app.live.runtime import look_at_context
from config_app.logs import pinned_revision


@contextlib.contextmanager
def override(config: Any, revision: int | None = None, *, everywhere: bool = False) -> Iterator[Any]:
    """Make ``config`` the current runtime config in this block and context (thread or task).

    Log lines show ``revision``, or by default the revision of ``config``. With ``everywhere``, other threads
    see ``config`` too, unless they handle a request or have an override of their own.
    """
    look_at_context()
    number = pinned_revision.set(_revision_of(config) if revision is None else revision)
    token = context.seen.set(config)
    if everywhere:
        context.everywhere.append(config)
    try:
        yield config
    finally:
        if everywhere:
            context.everywhere.remove(config)
        context.seen.reset(token)
        pinned_revision.reset(number)


def _revision_of(config: Any) -> int | None:
    """Return the revision of ``config`` if this is the current config; otherwise the pinned revision."""
    snapshot = runtime.loaded()
    return snapshot.revision if snapshot and snapshot.config is config else pinned_revision.get()


def is_overridden() -> bool:
    """Return whether a test overrides values for this caller."""
    return context.seen.get() is not None or bool(context.everywhere)


class OneRevision:
    """A context manager that pins the current configuration in this context and returns its revision.

    Code in the block does not see a change that is made during the block. If a test overrides values and the
    process has not read the database, the revision is 0.
    """

    # A generator with @contextmanager would take three times as long in each request.
    __slots__ = ("_config", "_number", "_pin", "_seen", "_snapshot")

    def __init__(self) -> None:
        """Take the current configuration, or a test's override; raise ``ConfigError`` if there is none."""
        overridden = context.seen.get() or (context.everywhere[-1] if context.everywhere else None)
        self._snapshot = runtime.loaded() if overridden else runtime.get_snapshot()
        self._config = overridden or (self._snapshot and self._snapshot.config)

    def __enter__(self) -> int:
        """Pin the configuration, or the values from a test's override; return the revision."""
        look_at_context()
        revision = self._snapshot.revision if self._snapshot else 0
        self._pin = context.pinned.set(self._snapshot)
        self._seen = context.seen.set(self._config)
        self._number = pinned_revision.set(revision)
        return revision

    def __exit__(self, *_error: object) -> None:
        """Restore what was pinned before the block."""
        pinned_revision.reset(self._number)
        context.seen.reset(self._seen)
        context.pinned.reset(self._pin)


def see(config: Any, revision: int) -> None:
    """Pin ``config``, which was just read from the database, for the rest of this request.

    Do nothing outside a request, or if a test overrides values.
    """
    pinned = context.pinned.get()
    if pinned is not None and context.seen.get() is pinned.config:
        context.pinned.set(dataclasses.replace(pinned, config=config, revision=revision))
        context.seen.set(config)
        pinned_revision.set(revision)
