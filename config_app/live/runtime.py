"""The current runtime config of this process. It is immutable, and a change replaces the whole object.

A configuration that was read in a transaction never becomes the current configuration of the process. The
transaction could still be rolled back, or could see an older state of the database.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from config_app import store
from config_app.errors import BrokenTransaction, DatabaseUnavailable, WriteConflict
from config_app.live import context, feed, freshness, hooks, overriding
from config_app.live.context import views
from config_app.live.snapshot import Snapshot, read_snapshot
from config_app.live.threads import in_a_thread, no_connection_left, safely
from config_app.logs import pinned
from config_app.project import get_schema
from config_app.store.forking import after_fork, open_in_children
from config_app.store.process import process
from config_app.store.transactions import in_transaction, is_in_event_loop

logger = logging.getLogger("config_app")

READ_INTERVAL = 0.05
"""Without a working watcher, reads call ``process.read_unwatched`` at most once in this many seconds."""

_config: Any = None  # that of _live.snapshot, while a watcher is known to work; a global is fastest to read
_is_plain = True  # false as soon as a request pins a config, or a test overrides values
_pin: Callable[[], Snapshot | None] = pinned.get  # returns what is pinned to a request
_seen: Callable[[], Any] | None = None  # returns what a test sees instead; set when first used
_loading = open_in_children(threading.Lock())


class _Live:
    """The snapshot that this process uses, and whether a watcher keeps this snapshot current."""

    def __init__(self) -> None:
        self.snapshot: Snapshot | None = None
        self.lose_watcher()

    def lose_watcher(self) -> None:
        global _config
        _config, self.is_watched, self.check_at = None, False, 0.0

    def reset(self) -> None:
        self.__init__()  # type: ignore[misc]  # no subclass can have another __init__


_live = process.keep(_Live())
after_fork(_live.lose_watcher)


def get_config() -> Any:
    """Return the current runtime config; the first call in a process reads the database."""
    if not _is_plain:
        if _seen is not None:
            return _seen() or unpinned()
        if (snapshot := _pin()) is not None:
            return snapshot.config
    return unpinned() if views else _config or get_snapshot().config


def unpinned() -> Any:
    """Return the config that the caller sees if nothing is pinned in the caller's context."""
    view = _seen_in_transaction() if views else None
    return view.config if view else _config or get_snapshot().config


def look_at_context() -> None:
    """From now on, let ``get_config`` look for a pinned config. This makes ``get_config`` a little slower."""
    global _is_plain  # noqa: PLW0603 - a global is fastest to read
    _is_plain = False


def look_through(function: Callable[[], Any]) -> None:
    """From now on, ``get_config`` returns what ``function`` returns, unless ``function`` returns ``None``."""
    global _is_plain, _seen
    _is_plain, _seen = False, function


def get_snapshot() -> Snapshot:
    """Return the current snapshot; the first call in a process reads the database."""
    if not _live.is_watched:
        _keep_current()
    return (views and _seen_in_transaction()) or _live.snapshot or reload()


def _seen_in_transaction() -> Snapshot | None:
    try:
        return context.transaction_snapshot()
    except (BrokenTransaction, WriteConflict):  # its writes are lost, so what is committed is right
        return None
    except DatabaseUnavailable as error:
        freshness.note_unavailable(error)
        return None


def _keep_current() -> None:
    # While this process loads the tables, it holds a lock, and a log handler may read the configuration.
    if time.monotonic() >= _live.check_at and has_loaded() and not _loading.locked():
        _live.check_at = time.monotonic() + READ_INTERVAL
        process.read_unwatched()


def seen_snapshot() -> Snapshot:
    """Return the snapshot that is pinned to this request. Outside a request, return the current snapshot."""
    return pinned.get() or get_snapshot()


def current() -> Any:
    """Return the runtime config for the current content of the database.

    The function makes one small query. If the configuration has changed, the function reloads it. Code that
    decides about rights must call this function instead of ``get_config``, so that removed rights end
    immediately. In a test, the values of ``override_config`` still apply. If the query fails, raise
    ``DatabaseUnavailable``.
    """
    # Removed rights must end immediately. The current snapshot may be a moment old, and the snapshot that is
    # pinned to a request is as old as the request.
    newest, override = _newest().config, overriding.innermost()
    return override.on(newest) if override else newest


def _newest() -> Snapshot:
    snapshot, version = get_snapshot(), store.version()
    if version == snapshot.version:
        return snapshot
    if version < snapshot.version and in_transaction():  # this transaction sees an older state of the tables
        return snapshot
    return reload()


def loaded() -> Snapshot | None:
    """Return the snapshot that the caller sees now; ``None`` if that snapshot must be read first."""
    return None if context.is_unread() else _seen_in_transaction() or _live.snapshot


def reload_if_changed() -> None:
    """Reload the configuration if its version in the database has changed.

    The check is one small query. Raise ``DatabaseUnavailable`` if the version cannot be read. In a
    transaction, do nothing.
    """
    if in_transaction():
        return
    with no_connection_left():
        is_same = _live.snapshot is not None and store.version() == _live.snapshot.version
    if is_same:
        freshness.confirm_current()
    else:
        reload()


def has_loaded() -> bool:
    """Return whether this process has loaded a configuration."""
    return _live.snapshot is not None


def reload(before: Any = None) -> Snapshot:
    """Read the configuration, make it current in this process, run the hooks and return the snapshot.

    The hooks get the old and the new configuration. If this process has not read a configuration before, the
    hooks get ``before`` as the old configuration. If ``before`` is missing too, no hook runs.

    If the database cannot be read, return the current snapshot. If there is no current snapshot, raise
    ``DatabaseUnavailable``. In a transaction, only the caller sees the new configuration, and no hook runs.
    In an event loop, a thread reads the database, and the event loop waits for the thread.
    """
    if is_in_event_loop():
        return in_a_thread(functools.partial(reload, before))
    if in_transaction():
        return _reload_for_transaction()
    return safely(functools.partial(_reload, before))


def _reload(before: Any) -> Snapshot:
    with no_connection_left():
        snapshot = reload_without_hooks(before)
    hooks.run_due()
    return snapshot


def _reload_for_transaction() -> Snapshot:
    try:
        found = read_snapshot()
    except DatabaseUnavailable as error:
        if _live.snapshot is None:
            raise
        freshness.note_unavailable(error)
        return _live.snapshot
    if _live.snapshot is not None and found.version > _live.snapshot.version:
        reload_on_commit()  # the transaction itself has written, for example with raw SQL
    context.see_in_transaction(found)
    return found


def reload_without_hooks(before: Any = None) -> Snapshot:
    """Read the configuration, make it current in this process and return the snapshot, but run no hooks.

    The next call of ``hooks.run_due`` runs the hooks. ``before`` has the same meaning as for ``reload``.
    """
    with _loading:
        old, new = _live.snapshot, _load()
        _put_in_force(new)
        before = old.config if old else before
        if before is not None:
            hooks.announce(get_schema().changed_keys(before, new.config), before, new.config)
    if old is None:
        process.loaded_first()
    return new


def reload_on_commit(before: Any = None, after: Any = None) -> None:
    """Reload the configuration after the caller's transaction commits.

    Until the commit, only the code in this transaction sees the changes. ``before`` and ``after`` are the
    runtime configs without and with the changes.
    """
    context.see_own_write(functools.partial(_reload_after_commit, before, after))


def _reload_after_commit(before: Any, after: Any) -> None:
    if in_transaction():
        _imitate_commit(before, after)
        return
    try:
        reload(None if process.is_short_command else before)
    except DatabaseUnavailable as error:  # the commit succeeded, so the caller must not get an error
        freshness.note_unavailable(error)


def _imitate_commit(before: Any, after: Any) -> None:
    """Run the hooks when a test calls the on-commit callbacks of a transaction that never commits."""
    if before is not None:
        hooks.announce(get_schema().changed_keys(before, after), before, after)
        hooks.run_due()


def _load() -> Snapshot:
    try:
        found = read_snapshot()
    except DatabaseUnavailable as error:
        if _live.snapshot is None:
            raise
        freshness.note_unavailable(error)
        return _live.snapshot
    if _live.snapshot is not None and _live.snapshot.revision == found.revision:
        return dataclasses.replace(found, in_force_at=_live.snapshot.in_force_at)
    return found


def _put_in_force(new: Snapshot) -> None:
    global _config
    if new is not _live.snapshot:
        _log_new_problems(new)
        _config, _live.snapshot = new.config if _live.is_watched else None, new
        freshness.confirm_current()
        feed.announce()


def _log_new_problems(new: Snapshot) -> None:
    known = _live.snapshot.problems if _live.snapshot else ()
    for problem in new.problems:
        if problem not in known:
            logger.warning("configuration: %s", problem)


def rely_on_watcher(is_reliable: bool) -> None:
    """Record whether reads can rely on a watcher. If they cannot, reads check the database themselves."""
    global _config
    with _loading:
        if not is_reliable:
            _live.lose_watcher()
        elif _live.snapshot is not None:
            _config, _live.is_watched = _live.snapshot.config, True


def is_watched() -> bool:
    """Return whether reads rely on a watcher."""
    return _live.is_watched


def stale_since() -> float | None:
    """Return the time since which the configuration of this process may be out of date.

    The time is in seconds since the epoch. Return ``None`` if the configuration is current.
    """
    return freshness.stale_since(is_watched=_live.is_watched)
