"""This process's runtime config: one immutable object, swapped whole."""

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
    """A runtime config with the revision and version it was read from.

    Times are monotonic seconds: ``in_force_at`` is when this process first had the revision, ``confirm_by``
    when the next revision that waits to be confirmed reverts.
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
_overridden: Callable[[], Any] | None = None  # reads _override, once this process uses it
_config: Any = None
_snapshot: Snapshot | None = None
_stale_since: float | None = None
_confirmed_at: float | None = None
_loading = open_in_children(threading.Lock())


def get_config() -> Any:
    """Return the runtime config in force; no I/O once the process has loaded one."""
    if _overridden is None:
        return _config or get_snapshot().config
    return _overridden() or _config or get_snapshot().config


def get_snapshot() -> Snapshot:
    """Return the runtime config in force with where it came from; load it where the process has none."""
    return _snapshot or reload()


def seen_snapshot() -> Snapshot:
    """Return what this request sees from start to end; outside of requests, what is in force."""
    return _pinned.get() or get_snapshot()


def current() -> Any:
    """Return the configuration that the database has at this moment; one small query.

    For rights, which must not outlive their removal by however long this process takes to hear of it, nor
    for as long as a request lasts that began before. Values that a test overrides count here too.
    """
    is_current = store.version() == get_snapshot().version
    newest = get_snapshot() if is_current else reload()
    pinned, seen = _pinned.get(), _override.get()
    is_pinned = seen is None or (pinned is not None and seen is pinned.config)
    return newest.config if is_pinned else seen


def has_loaded() -> bool:
    """Tell whether this process has a configuration in force."""
    return _snapshot is not None


def read_snapshot(reader: Reader = read_with_keyring) -> Snapshot:
    """Read the database and return what it puts in force; changes nothing in this process."""
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
    """Load the configuration, put it in force and run the hooks.

    Where the database cannot be read, the last good configuration stays in force and is returned;
    raises ``DatabaseUnavailable`` where there is none yet.
    """
    snapshot = reload_without_hooks()
    hooks.run_due()
    return snapshot


def reload_without_hooks() -> Snapshot:
    """Do what ``reload`` does, but leave the hooks to the next ``hooks.run_due``."""
    with _loading:
        old, new = _snapshot, _load()
        _put_in_force(new)
        if old is not None:
            hooks.announce(get_schema().changed_keys(old.config, new.config), old.config, new.config)
    return new


def reload_after_commit() -> None:
    """Put in force what this process just committed; raises nothing, because it is committed."""
    try:
        reload()
    except DatabaseUnavailable as error:
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
    global _stale_since  # noqa: PLW0603 - the state of this process is what this module is for
    if _stale_since is None:
        _stale_since = time.time()
        logger.error("%s; the last good configuration stays in force", error)


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
    """Note that the configuration in force is the one in the database at this moment."""
    global _stale_since, _confirmed_at
    if _stale_since is not None:
        logger.warning("the database is back; the configuration is current again")
    _stale_since, _confirmed_at = None, time.monotonic()


def note_unavailable(error: DatabaseUnavailable) -> None:
    """Note that the database could not be read, so that health says since when."""
    _note_stale(error)


def stale_since() -> float | None:
    """Return since when (seconds since the epoch) the database cannot be read; ``None`` while it can."""
    return _stale_since


def config_age() -> float:
    """Return the seconds since the configuration in force was last seen to be the database's."""
    return 0.0 if _confirmed_at is None else time.monotonic() - _confirmed_at


def forget() -> None:
    """Load anew on the next use, as a fresh process would."""
    global _config, _snapshot, _stale_since, _confirmed_at  # noqa: PLW0603
    _config = _snapshot = _stale_since = _confirmed_at = None
    deadlines.forget()


@contextlib.contextmanager
def override(config: Any, revision: int | None = None) -> Iterator[Any]:
    """Let this context (thread, task) see ``config`` instead of the one in force, and log its revision."""
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
    """Return the revision of the configuration in force; any other has the one pinned before."""
    snapshot = _snapshot
    return snapshot.revision if snapshot and snapshot.config is config else pinned_revision.get()


class OneRevision:
    """Lets this context see one configuration from start to end, and gives the number of its revision.

    A class, because a generator would cost every request three times as much.
    """

    __slots__ = ("_number", "_pin", "_seen")

    def __enter__(self) -> int:
        """Pin what is in force, or what a test overrides."""
        global _overridden  # noqa: PLW0603 - from its first request on, this process looks at the pin
        snapshot = get_snapshot()
        _overridden = _override.get
        self._pin = _pinned.set(snapshot)
        self._seen = _override.set(_override.get() or snapshot.config)
        self._number = pinned_revision.set(snapshot.revision)
        return snapshot.revision

    def __exit__(self, *_error: object) -> None:
        """See again what was seen before."""
        pinned_revision.reset(self._number)
        _override.reset(self._seen)
        _pinned.reset(self._pin)


def see(config: Any, revision: int) -> None:
    """Let the rest of this request see ``config``, because its body shows what the database has by now.

    Outside of requests, and where a test overrides values, everything stays as it is.
    """
    pinned = _pinned.get()
    if pinned is not None and _override.get() is pinned.config:
        _pinned.set(dataclasses.replace(pinned, config=config, revision=revision))
        _override.set(config)
        pinned_revision.set(revision)
