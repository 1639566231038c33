"""What a pinned request or a transaction sees instead of the process's current configuration.

A request that is pinned to a snapshot sees this snapshot. Code in a transaction sees what the transaction has
written, even before the commit. The code also sees what the transaction has read, even if a newer
configuration exists. Tests can also override values; see ``config_app.live.overriding``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from config_app.live.snapshot import Snapshot, read_snapshot
from config_app.live.threads import in_a_thread
from config_app.logs import pinned
from config_app.store import transactions
from config_app.store.process import process
from config_app.store.transactions import UntilCommit, WhileOpen, in_transaction, is_in_event_loop

views: set[int] = set()
"""The ids of all ``_View`` objects. If this set is empty, no read needs to look at the transaction."""


@dataclasses.dataclass(slots=True, eq=False)
class _View:
    """What a transaction sees. If ``snapshot`` is ``None``, the next access reads it from the database."""

    is_alive: Callable[[], bool]
    was_read_in: Callable[[], bool] = lambda: False
    snapshot: Snapshot | None = None

    def __post_init__(self) -> None:
        views.add(id(self))

    def __del__(self, discard: Callable[[int], None] = views.discard) -> None:
        discard(id(self))  # a default argument, because the names of a module are gone when Python ends


def pinned_config() -> Any:
    """Return the runtime config that is pinned to this request; ``None`` if there is no pinned config."""
    snapshot = pinned.get()
    return snapshot.config if snapshot else None


class _Views:
    """Resets the configuration that the caller's transaction has read, as a part of the process state."""

    def reset(self) -> None:
        if in_transaction():
            see_in_transaction(None)


process.keep(_Views())


def transaction_snapshot() -> Snapshot | None:
    """Return the snapshot that the caller's transaction sees instead of the process's current snapshot.

    Return ``None`` if the transaction sees the current snapshot, or if there is no transaction. If the
    transaction's snapshot was not read yet, read it now. Raise ``DatabaseUnavailable`` if that fails.
    """
    view = _open_view() if views else None
    if view is not None and view.snapshot is None:
        current = transactions.current()
        view.was_read_in = WhileOpen(current.connection if current else None)
        view.snapshot = in_a_thread(read_snapshot) if is_in_event_loop() else read_snapshot()
    return view.snapshot if view else None


def is_unread() -> bool:
    """Return whether ``transaction_snapshot`` must read a snapshot from the database now."""
    view = _open_view() if views else None
    return view is not None and view.snapshot is None


def _open_view() -> _View | None:
    transaction = transactions.current()
    if transaction is None:
        return None
    view: _View | None = transaction.view
    # After a block of the transaction has ended, its writes belong to the outer block or are rolled back. So
    # a snapshot counts only until the block ends in which it was read, which may be inside that of the view.
    if view is not None and not (view.is_alive() and (view.snapshot is None or view.was_read_in())):
        view = transaction.view = _View(WhileOpen(transaction.connection))
    return view


def see_in_transaction(snapshot: Snapshot | None) -> None:
    """Let the caller see ``snapshot`` until the innermost ``atomic`` block of its transaction ends.

    If ``snapshot`` is ``None``, the caller's next access to the configuration reads a snapshot.
    """
    _see(WhileOpen(), snapshot)


def see_own_write(after_commit: Callable[[], None]) -> None:
    """Let the code in the caller's transaction see what this transaction has written.

    After the commit, call ``after_commit``. If the write is rolled back, the code no longer sees the write.
    """
    _see(UntilCommit(after_commit).is_pending, None)


def _see(is_alive: Callable[[], bool], snapshot: Snapshot | None) -> None:
    transaction = transactions.join()
    transaction.view = _View(is_alive, WhileOpen(), snapshot)
