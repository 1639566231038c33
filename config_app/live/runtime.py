"""The current runtime config of this process: one immutable object, replaced as a whole."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from config_app import store
from config_app.encryption import install_keyring
from config_app.errors import DatabaseUnavailable
from config_app.live import feed, hooks
from config_app.live.resolution import Reader, read_with_keyring, resolve, unsettled_problems
from config_app.logs import pinned_revision
from config_app.problems import Problem
from config_app.project import get_schema
from config_app.store import deadlines
from config_app.store.forking import open_in_children

logger = logging.getLogger("config_app")


@dataclasses.dataclass(frozen=True, slots=True)
class Snapshot:
    """A runtime config with the revision and the version from which it was read.

    - ``drifted``: whether raw SQL has changed the tables since that revision.
    - ``in_force_at``: when this process first had the revision, in monotonic seconds.
    - ``confirm_by``: when the next unconfirmed revision is reverted, in monotonic seconds.
    """

    config: Any
    revision: int
    version: int
    drifted: bool
    problems: tuple[Problem, ...]
    in_force_at: float
    confirm_by: float | None = None


_override: ContextVar[Any] = ContextVar("config_app_override", default=None)
_pinned: ContextVar[Snapshot | None] = ContextVar("config_app_pinned", default=None)
_overridden: Callable[[], Any] | None = None  # returns _override's value; set when _override is first used
_config: Any = None
_snapshot: Snapshot | None = None
_stale_since: float | None = None
_confirmed_at: float | None = None
_loading = open_in_children(threading.Lock())


def get_config() -> Any:
    """Return the current runtime config; the first call in a process reads the database."""
    if _overridden is None:
        return _config or get_snapshot().config
    return _overridden() or _config or get_snapshot().config


def get_snapshot() -> Snapshot:
    """Return the current snapshot; the first call in a process reads the database."""
    return _snapshot or reload()


def seen_snapshot() -> Snapshot:
    """Return the snapshot that is pinned to this request; outside a request, the current one."""
    return _pinned.get() or get_snapshot()


def current() -> Any:
    """Return the configuration that is in the database now; one small query, and a reload if it changed.

    Use it to decide about rights. A test's ``override`` still applies.
    """
    # Removed rights must end at once. The current snapshot may be a moment old, and the snapshot that is
    # pinned to a request is as old as the request.
    is_current = store.version() == get_snapshot().version
    newest = get_snapshot() if is_current else reload()
    pinned, seen = _pinned.get(), _override.get()
    is_pinned = seen is None or (pinned is not None and seen is pinned.config)
    return newest.config if is_pinned else seen


def has_loaded() -> bool:
    """Return whether this process has loaded a configuration."""
    return _snapshot is not None


def read_snapshot(reader: Reader = read_with_keyring) -> Snapshot:
    """Return a snapshot read from the database; do not make it the current one."""
    schema, stored = get_schema(), store.read()
    keyring = filter(None, [install_keyring.follow_salt(stored.salt)])
    resolution = resolve(schema, stored, reader)
    problems = (*keyring, *resolution.problems, *unsettled_problems(schema, resolution))
    return Snapshot(
        config=resolution.config,
        revision=stored.revision,
        version=stored.version,
        drifted=stored.drifted,
        problems=problems,
        in_force_at=time.monotonic(),
        confirm_by=_confirm_by() if stored.any_unconfirmed else None,
    )


def _confirm_by() -> float | None:
    left = [seconds for _number, seconds in deadlines.unconfirmed()]
    return time.monotonic() + min(left) if left else None


def reload() -> Snapshot:
    """Read the configuration, make it the current one, run the hooks and return its snapshot.

    If the database cannot be read, return the current snapshot. If there is none, raise
    ``DatabaseUnavailable``.
    """
    snapshot = reload_without_hooks()
    hooks.run_due()
    return snapshot


def reload_without_hooks() -> Snapshot:
    """Do the same as ``reload``, but let the next ``hooks.run_due`` run the hooks."""
    with _loading:
        old, new = _snapshot, _load()
        _put_in_force(new)
        if old is not None:
            hooks.announce(get_schema().changed_keys(old.config, new.config), old.config, new.config)
    return new


def reload_after_commit() -> None:
    """Reload what this process just committed; do not raise if the database cannot be read."""
    try:
        reload()
    except DatabaseUnavailable as error:  # the commit succeeded, so its caller must not see a failure
        _note_stale(error)


def _load() -> Snapshot:
    try:
        found = read_snapshot()
    except DatabaseUnavailable as error:
        if _snapshot is None:
            raise
        _note_stale(error)
        return _snapshot
    if _snapshot is not None and _snapshot.revision == found.revision:
        return dataclasses.replace(found, in_force_at=_snapshot.in_force_at)
    return found


def _note_stale(error: DatabaseUnavailable) -> None:
    global _stale_since  # noqa: PLW0603 - this module keeps the state of this process
    if _stale_since is None:
        _stale_since = time.time()
        logger.error("%s; the last good configuration is still used", error)


def _put_in_force(new: Snapshot) -> None:
    global _config, _snapshot
    if new is not _snapshot:
        _log_new_problems(new)
        _config, _snapshot = new.config, new
        confirm_current()
        feed.announce()


def _log_new_problems(new: Snapshot) -> None:
    known = _snapshot.problems if _snapshot else ()
    for problem in new.problems:
        if problem not in known:
            logger.warning("configuration: %s", problem)


def confirm_current() -> None:
    """Record that the current configuration is the same as the one in the database now."""
    global _stale_since, _confirmed_at
    if _stale_since is not None:
        logger.warning("the database is available again; the configuration is current")
    _stale_since, _confirmed_at = None, time.monotonic()


def note_unavailable(error: DatabaseUnavailable) -> None:
    """Record that the database could not be read; ``stale_since`` returns since when."""
    _note_stale(error)


def stale_since() -> float | None:
    """Return since when the database is unavailable, in seconds since the epoch; ``None`` if it is not."""
    return _stale_since


def config_age() -> float:
    """Return the seconds since this process last saw that its configuration is the one in the database."""
    return 0.0 if _confirmed_at is None else time.monotonic() - _confirmed_at


def forget() -> None:
    """Forget the configuration, as if this process had just started; the next use loads it again."""
    global _config, _snapshot, _stale_since, _confirmed_at  # noqa: PLW0603
    _config = _snapshot = _stale_since = _confirmed_at = None
    deadlines.forget()


@contextlib.contextmanager
def override(config: Any, revision: int | None = None) -> Iterator[Any]:
    """Make ``config`` the current one in this context (thread or task); log lines show its revision."""
    global _overridden  # noqa: PLW0603
    _overridden = _override.get
    number = pinned_revision.set(_revision_of(config) if revision is None else revision)
    token = _override.set(config)
    try:
        yield config
    finally:
        _override.reset(token)
        pinned_revision.reset(number)


def _revision_of(config: Any) -> int | None:
    """Return the revision of ``config`` if it is the current one; otherwise the revision pinned before."""
    snapshot = _snapshot
    return snapshot.revision if snapshot and snapshot.config is config else pinned_revision.get()


class OneRevision:
    """A context manager that pins the current configuration in this context and returns its revision.

    A change during the block has no effect in the block.
    """

    # A generator with @contextmanager would take three times as long in each request.
    __slots__ = ("_number", "_pin", "_seen")

    def __enter__(self) -> int:
        """Pin the current configuration, or the one that a test overrides; return its revision."""
        global _overridden  # noqa: PLW0603 - from the first request on, get_config() looks at _override
        snapshot = get_snapshot()
        _overridden = _override.get
        self._pin = _pinned.set(snapshot)
        self._seen = _override.set(_override.get() or snapshot.config)
        self._number = pinned_revision.set(snapshot.revision)
        return snapshot.revision

    def __exit__(self, *_error: object) -> None:
        """Restore what was pinned before."""
        pinned_revision.reset(self._number)
        _override.reset(self._seen)
        _pinned.reset(self._pin)


def see(config: Any, revision: int) -> None:
    """Pin ``config`` for the rest of this request, because the page shows what is in the database now.

    Do nothing outside a request, or if a test overrides values.
    """
    pinned = _pinned.get()
    if pinned is not None and _override.get() is pinned.config:
        _pinned.set(dataclasses.replace(pinned, config=config, revision=revision))
        _override.set(config)
        pinned_revision.set(revision)
