"""Keeps this process's runtime config current: notices commits by anyone, raw SQL included."""

from __future__ import annotations

import logging
import math
import os
import random
import threading
import time

from django.db import close_old_connections, connection

from config_app.change.adoption import adopt_now, is_unrecorded
from config_app.change.confirmation import revert_overdue
from config_app.errors import ConfigError, ConfigurationLocked, DatabaseUnavailable
from config_app.live import hooks, runtime
from config_app.propagation import receipts
from config_app.propagation.sources import ChangeSource, open_source, using_database
from config_app.store.forking import no_fork
from config_app.store.locks import AT_ONCE, waiting_at_most

logger = logging.getLogger("config_app")

REVALIDATE = 60.0
"""Seconds after which the rows are read again even if nothing was noticed; somewhat less, so that many
processes which loaded at the same moment do not all do so again at the same moment."""
ADOPT_AGAIN = 10.0
"""Seconds until the next attempt to record a change made in SQL, where the database did not let us."""
SIGN_AGAIN = 1.0
"""Seconds until the next thought about a receipt, which costs a third of what an idle watcher computes."""
LET_OTHERS_LOAD = 0.15
"""Seconds, at most, from a load until this process writes about it: by then every other one has read, too."""
RETRY = 1.0
"""Seconds, at most, between two attempts while the database cannot be used."""
LOCK_WAIT = 2.0
"""Seconds that the watcher waits for other writers: as long, whoever wants to fork waits as well."""


class Watcher(threading.Thread):
    """A daemon thread that reloads the configuration after every commit to its tables."""

    def __init__(self) -> None:
        """Prepare a watcher; ``start`` runs it."""
        super().__init__(name="config-watcher", daemon=True)
        self._stopping, self._called = threading.Event(), threading.Event()
        self._sign_again_at = 0.0
        self._revert_again_at = self._not_at_once_until = 0.0
        self._thorough_at = math.inf

    def stop(self, timeout: float = 2.0) -> None:
        """Stop watching and wait for the thread to end, at most ``timeout`` seconds."""
        self._stopping.set()
        self._called.set()
        if self is not threading.current_thread():
            self.join(timeout)

    def run(self) -> None:
        """Watch until stopped, whatever the database does in between."""
        try:
            with waiting_at_most(LOCK_WAIT):
                self._watch_until_stopped()
        finally:
            connection.close()

    def _watch_until_stopped(self) -> None:
        while not self._stopping.is_set():
            self._watch_until_trouble()

    def _watch_until_trouble(self) -> None:
        """Watch, and return where that ends.

        A connection that broke is no outage before the next one fails as well; what worked is tried again at
        once, but not again and again.
        """
        source, has_worked = None, False
        try:
            source = open_source()
            self._load()
            self.sign_soon()
            has_worked = True
            self._watch(source)
        except DatabaseUnavailable as error:
            if not has_worked:
                runtime.note_unavailable(error)
            else:
                logger.info("%s; looking again", error)
                if time.monotonic() >= self._not_at_once_until:
                    self._not_at_once_until = time.monotonic() + 2 * RETRY
                    return
        except Exception as error:  # the thread must outlive anything, or this process never hears again
            logger.exception("watching the configuration failed; trying again")
            self._report(error)
        finally:
            if source is not None:
                source.close()
            with no_fork:
                close_old_connections()
        self._stopping.wait(RETRY * random.uniform(0.5, 1))  # noqa: S311 - no secret, only not all at once

    def _watch(self, source: ChangeSource) -> None:
        while not self._stopping.is_set():
            source.wait(self._called, self._time_left())
            self._called.clear()
            if source.look():
                self._load()
            elif time.monotonic() >= self._thorough_at:
                self._load(thoroughly=True)
            self._revert_overdue()
            self._sign()

    def _time_left(self) -> float:
        """Return the seconds until there is something to do, whether or not anything changes."""
        confirm_by = runtime.get_snapshot().confirm_by
        revert_at = max(confirm_by or math.inf, self._revert_again_at)
        due = min(revert_at, self._thorough_at, self._sign_again_at)
        return max(0.0, due - time.monotonic())

    def _revert_overdue(self) -> None:
        confirm_by = runtime.get_snapshot().confirm_by
        if confirm_by is None or time.monotonic() < max(confirm_by, self._revert_again_at):
            return
        self._revert_again_at = time.monotonic() + RETRY
        try:
            with using_database(), hooks.deferred():  # a hook in another thread may be waiting to fork
                revert_overdue()
                runtime.reload_without_hooks()
        except DatabaseUnavailable as error:  # whether it can be read, the next look says
            logger.warning("what was not confirmed in time is not reverted yet: %s", error)
        hooks.run_due()
        self._look_again()

    def _load(self, *, thoroughly: bool = False) -> None:
        """Put in force what the database says; the hooks run outside, because one may fork."""
        with using_database():
            self._reload(thoroughly=thoroughly)
        hooks.run_due()
        self._sign_again_at = _in_turn()
        self._look_again()

    def _reload(self, *, thoroughly: bool) -> None:
        self._thorough_at = time.monotonic() + REVALIDATE * random.uniform(0.75, 1)  # noqa: S311 - no secret
        is_drifted = runtime.reload_without_hooks().drifted
        if runtime.stale_since() is not None:
            raise DatabaseUnavailable("the configuration could not be read")
        if thoroughly and (is_drifted or is_unrecorded()):
            self._adopt()
        elif is_drifted:
            self._thorough_at = _in_turn()
        receipts.note_failure("")

    def sign_soon(self) -> None:
        """Look at the database before long, and leave a receipt where there is something to say."""
        self._sign_again_at = 0.0
        self._look_again()

    def _look_again(self) -> None:
        """Do not wait before the next look: answers to other questions may have brought notifications."""
        self._called.set()

    def _adopt(self) -> None:
        """Record what SQL wrote, unless somebody writes now: every writer does so, and all would queue."""
        self._thorough_at = time.monotonic() + ADOPT_AGAIN
        try:
            with waiting_at_most(AT_ONCE):
                adopt_now()
        except ConfigurationLocked:
            return
        except ConfigError as error:
            logger.warning("a change made in the database is in force but not in the history: %s", error)
        else:
            runtime.reload_without_hooks()

    def _sign(self) -> None:
        """Leave a receipt for what is new, and a sign of life now and then."""
        if time.monotonic() < self._sign_again_at:
            return
        self._sign_again_at = time.monotonic() + SIGN_AGAIN
        try:
            if receipts.is_due():
                with using_database():
                    receipts.sign()
                self._look_again()
        except DatabaseUnavailable as error:
            logger.info("no receipt: %s", error)

    def _report(self, error: Exception) -> None:
        """Let the receipt say that this process cannot take up the configuration."""
        receipts.note_failure(f"the configuration cannot be taken up: {type(error).__name__}")
        self._sign_again_at = 0.0
        if runtime.has_loaded():
            self._sign()


def _in_turn() -> float:
    """Return when to write, by the monotonic clock: after the others have read, and not all at once."""
    return time.monotonic() + LET_OTHERS_LOAD * random.uniform(0.5, 1)  # noqa: S311 - no secret


_watcher: Watcher | None = None
_starting = threading.Lock()


def start() -> Watcher:
    """Watch from now on in this process; does nothing where it does already."""
    global _watcher  # noqa: PLW0603 - one watcher a process
    with _starting:
        if _watcher is None or not _watcher.is_alive():
            _watcher = Watcher()
            _watcher.start()
        return _watcher


def stop() -> None:
    """Stop this process's watcher, where it has one."""
    global _watcher
    with _starting:
        watcher, _watcher = _watcher, None
    if watcher is not None:
        watcher.stop()


def sign_soon() -> None:
    """Let this process say before long what has changed about it, where it is watching."""
    if (watcher := _watcher) is not None:
        watcher.sign_soon()


def is_watching() -> bool:
    """Tell whether this process keeps its configuration current."""
    return _watcher is not None and _watcher.is_alive()


def _restart_after_fork() -> None:
    """Threads do not survive a fork: a child of a watching process watches for itself."""
    global _watcher, _starting  # noqa: PLW0603
    _starting = threading.Lock()
    if _watcher is not None:
        _watcher = None
        start()


os.register_at_fork(after_in_child=_restart_after_fork)
