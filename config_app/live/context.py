"""What a caller sees if it is not the current configuration of the process.

There are three reasons. A request is pinned to one snapshot. A test overrides values. Or an open transaction
has written a configuration that is not committed yet, or has read one that is no longer the newest.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from config_app.errors import DatabaseUnavailable
from config_app.live.snapshot import Snapshot, read_snapshot
from config_app.store.process import process
from config_app.store.transactions import UntilCommit, WhileOpen, in_transaction

views: set[int] = set()
"""The ids of all ``_View`` objects. If there are none, a read need not look at the caller's transaction."""


@dataclasses.dataclass(slots=True, eq=False)
class _View:
    """The snapshot that an open transaction sees. If it is ``None``, it is read when it is first needed."""

    is_alive: Callable[[], bool]
    outer: _View | None
    snapshot: Snapshot | None = None

    def __post_init__(self) -> None:
        views.add(id(self))

    def __del__(self, discard: Callable[[int], None] = views.discard) -> None:
        discard(id(self))  # a default argument, because the names of a module are gone when Python ends


seen: ContextVar[Any] = ContextVar("config_app_seen", default=None)
"""The runtime config that is pinned to this request, or that an override sets in this context."""
pinned: ContextVar[Snapshot | None] = ContextVar("config_app_pinned", default=None)
"""The snapshot that is pinned to this request."""
everywhere: list[Any] = []
"""The runtime configs of overrides for all threads. A thread without its own override sees the last one."""
_view: ContextVar[_View | None] = ContextVar("config_app_view", default=None)


class _Views:
    """Forgets the view of the calling thread or task when the state of the process is reset."""

    def reset(self) -> None:
        _view.set(None)


process.keep(_Views())


def transaction_snapshot() -> Snapshot | None:
    """Return the snapshot that only the caller's open transaction sees; ``None`` if there is none."""
    view = _open_view() if views else None
    return _read(view) if view else None


def is_unread() -> bool:
    """Return whether the caller's open transaction must first read the snapshot that it sees."""
    view = _open_view() if views else None
    return view is not None and view.snapshot is None


def _open_view() -> _View | None:
    view = _view.get()
    if view is None or view.is_alive():
        return view
    while view is not None and not view.is_alive():
        view = view.outer
    # A block of the transaction has ended. Its writes now belong to the outer block or are rolled back.
    if view is not None:
        view.snapshot = None
    elif in_transaction():
        view = _View(WhileOpen(), None)
    _view.set(view)
    return view


def is_in_event_loop() -> bool:
    """Return whether the caller runs in an event loop, where Django refuses to use a database."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _read(view: _View) -> Snapshot | None:
    # An event loop may not read, and a thread started for this would not be in the transaction.
    if view.snapshot is None and not is_in_event_loop():
        try:
            view.snapshot = read_snapshot()
        except DatabaseUnavailable:  # for example, PostgreSQL has aborted the transaction
            return None
    return view.snapshot


def see_in_transaction(snapshot: Snapshot) -> Snapshot:
    """Let the caller see ``snapshot`` until the innermost block of its transaction ends."""
    _view.set(_View(WhileOpen(), _view.get(), snapshot))
    return snapshot


def see_own_write(after_commit: Callable[[], None]) -> None:
    """Let the caller see what its open transaction wrote; after the commit, call ``after_commit``.

    If the write is rolled back, the caller again sees what it saw before the write.
    """
    _view.set(_View(UntilCommit(after_commit).is_pending, _view.get()))
