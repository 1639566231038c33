"""Pins one revision to a request."""

from __future__ import annotations

import dataclasses
from contextvars import Token
from typing import Any

from config_app.live import overriding, runtime
from config_app.live.runtime import look_at_context
from config_app.live.snapshot import Snapshot
from config_app.logs import pinned


def to_pin() -> Snapshot | None:
    """Return the snapshot to pin: the one that is pinned already, or otherwise the current snapshot.

    Return ``None`` if a test overrides values and the process has not read the database. Raise
    ``ConfigError`` if there is no current snapshot.
    """
    return pinned.get() or (runtime.loaded() if overriding.innermost() else runtime.get_snapshot())


def pin(snapshot: Snapshot | None) -> Token[Any]:
    """From now on, let the code of this request see ``snapshot``. Return what ``unpin`` needs.

    Code in this request does not see a change that is made during the request.
    """
    look_at_context()
    # Each context variable that is set makes every later read of any context variable slower. So this is the
    # only one that a request sets.
    return pinned.set(snapshot)


def unpin(token: Token[Any]) -> None:
    """Restore what was pinned before the call of ``pin`` that returned ``token``."""
    pinned.reset(token)


def see(config: Any, revision: int) -> None:
    """Pin ``config`` and ``revision`` for the rest of this request. Do nothing outside a request.

    Call this function after reading ``config`` from the database, so that the rest of the request sees the
    same values.
    """
    snapshot = pinned.get()
    if snapshot is not None:
        pinned.set(dataclasses.replace(snapshot, config=config, revision=revision))
