"""When the configuration of this process last agreed with the database."""

from __future__ import annotations

import logging
import time

from config_app.errors import DatabaseUnavailable
from config_app.store.process import process

logger = logging.getLogger("config_app")

OVERDUE = 12.0
"""If the watcher has not called ``confirm_current`` for this many seconds, the watcher is overdue.

This must be more than 5 seconds: on PostgreSQL, an idle watcher calls ``confirm_current`` every 5 seconds."""


class _Freshness:
    """When the configuration last agreed with the database, and since when the database is unavailable."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.confirmed_at: float | None = None
        self.unavailable_since: float | None = None


_own = process.keep(_Freshness())


def confirm_current() -> None:
    """Record that the current configuration agrees with the database now."""
    if _own.unavailable_since is not None:
        logger.warning("the database is available again; the configuration is current")
    _own.unavailable_since, _own.confirmed_at = None, time.monotonic()


def note_unavailable(error: DatabaseUnavailable) -> None:
    """Record that the database could not be read. ``stale_since`` returns the time of the first failure."""
    if _own.unavailable_since is None:
        _own.unavailable_since = time.time()
        logger.error("%s; the last good configuration is still used", error)


def config_age() -> float:
    """Return how many seconds ago the current configuration last agreed with the database."""
    return 0.0 if _own.confirmed_at is None else time.monotonic() - _own.confirmed_at


def stale_since(*, is_watched: bool) -> float | None:
    """Return the time since which the configuration may be out of date, in seconds since the epoch.

    Return ``None`` if the configuration is current. ``is_watched`` says whether reads rely on a watcher. If
    this watcher is overdue, return the time when the configuration last agreed with the database. A watcher
    is overdue, for example, if the database does not answer.
    """
    if _own.unavailable_since is None and is_watched and config_age() > OVERDUE:
        return time.time() - config_age()
    return _own.unavailable_since
