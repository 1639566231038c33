"""The watcher: a thread that keeps a process's runtime config current, even after raw SQL."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import random
import threading
import time
from collections.abc import Callable

from django.db import close_old_connections

from config_app.change.adoption import adopt_now, is_unrecorded
from config_app.change.confirmation import revert_overdue
from config_app.database.patience import runs_project_code
from config_app.database.place import close_connections, close_others
from config_app.encryption import rotation
from config_app.errors import ConfigError, ConfigurationLocked, DatabaseUnavailable
from config_app.live import freshness, hooks, runtime
from config_app.live.threads import no_connection_left
from config_app.project import get_project
from config_app.propagation import receipts
from config_app.propagation.sources import ChangeSource, open_source, using_database
from config_app.store.forking import no_fork
from config_app.store.locks import AT_ONCE, waiting_at_most

logger = logging.getLogger("config_app")

REVALIDATE = 60.0
"""The longest time, in seconds, until a process loads the tables again, even if it has noticed no change.

Each process waits for a random part of this time. So the processes load the tables at different moments."""
ADOPT_AGAIN = 10.0
"""Seconds between two attempts to record a change made in SQL."""
SIGN_AGAIN = 1.0
"""Seconds between two checks of whether a receipt is due; each check costs processor time."""
LET_OTHERS_LOAD = 0.15
"""After a process has loaded the tables, it does not write for up to this many seconds.

Meanwhile, other processes can load the tables."""
RETRY = 1.0
"""The longest time, in seconds, between two attempts to reach an unavailable database."""
OVERDUE = SIGN_AGAIN + 0.5
"""If a wait of the watcher takes longer than this many seconds, the watcher does not work.

The watcher plans to wait for at most ``SIGN_AGAIN`` seconds. If its wait takes longer, the threads of this
process do not run at the moment."""
LEAVE_WITHIN = 1.0
"""The longest time, in seconds, for which a process waits for its watcher before the process ends."""
LOCK_WAIT = 2.0
"""The longest time, in seconds, that the watcher waits for other writers. Meanwhile, no fork is possible."""


class Watcher(threading.Thread):
    """A daemon thread that reloads the configuration after every commit to the configuration tables."""

    def __init__(self, delay: float = 0.0, is_unwanted: Callable[[], bool] = lambda: False) -> None:
        """Create a watcher. Its thread begins to watch ``delay`` seconds after the call of ``start()``.

        The watcher ends by itself when ``is_unwanted`` returns true. ``begin()`` removes this condition.
        """
        super().__init__(name="config-watcher", daemon=True)
        self._delay, self._pid = delay, os.getpid()
        self._is_unwanted = is_unwanted
        self.was_asked_for = self._has_loaded = self._signs_off = False
        self._waiting_since = math.inf
        self._stopping, self._called = threading.Event(), threading.Event()
        self._sign_again_at = 0.0
        self._revert_again_at = self._not_at_once_until = 0.0
        self._thorough_at = math.inf
        self._failure = ""

    def stop(self, timeout: float = 2.0) -> None:
        """Stop watching and wait at most ``timeout`` seconds for the thread to end."""
        self._stopping.set()
        self._called.set()
        if self.is_alive() and self is not threading.current_thread():
            self.join(timeout)

    def begin(self) -> None:
        """Begin to watch now, without the rest of the delay, and watch until ``stop()`` is called."""
        self._is_unwanted = lambda: False
        self.was_asked_for = True
        self._called.set()

    def leave(self) -> None:
        """Stop watching and delete the receipt of this process; give up after ``LEAVE_WITHIN`` seconds."""
        self._signs_off = True
        self.stop(LEAVE_WITHIN)

    def keeps_current(self) -> bool:
        """Return whether the thread runs in this process, has loaded the tables and wakes up in time."""
        is_late = time.monotonic() - self._waiting_since > OVERDUE
        return self._has_loaded and self._pid == os.getpid() and not is_late

    def take_turn(self) -> None:
        """Do once in the caller's thread what the watcher does. A process that runs no threads needs this.

        Reload a changed configuration, revert overdue revisions, and write a receipt if one is due. Raise
        ``DatabaseUnavailable`` if the version cannot be read.
        """
        with no_connection_left():
            runtime.reload_if_changed()
            self._revert_overdue()
            self._sign()

    def run(self) -> None:
        """Watch until ``stop()`` is called, even if the database is unavailable for some time."""
        try:
            if self._delay:
                self._called.wait(self._delay)
            with waiting_at_most(LOCK_WAIT):
                self._watch_until_stopped()
        finally:
            self._has_loaded = False
            runtime.rely_on_watcher(False)
            if self._signs_off:
                self._sign_off()
            close_connections()

    def _sign_off(self) -> None:
        if receipts.is_signed():
            with contextlib.suppress(ConfigError), using_database():
                receipts.sign_off()

    def _watch_until_stopped(self) -> None:
        while not self._is_over():
            self._watch_until_trouble()

    def _is_over(self) -> bool:
        return self._stopping.is_set() or self._is_unwanted()

    def _watch_until_trouble(self) -> None:
        """Watch until the watcher is stopped or an error occurs.

        After an error, wait for at most ``RETRY`` seconds before returning. If the connection has worked
        before the error, skip the wait. Skip at most one wait in ``2 * RETRY`` seconds.
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
                freshness.note_unavailable(error)
            else:  # a broken connection is an outage only if the next one fails as well
                logger.info("the watcher of the configuration was interrupted and starts again: %s", error)
                if time.monotonic() >= self._not_at_once_until:
                    self._not_at_once_until = time.monotonic() + 2 * RETRY
                    return
        except BaseException as error:  # noqa: BLE001 - if the thread ended, no change would be noticed again
            self._log_once(error)
            self._report(error)
        finally:
            if source is not None:
                source.close()
            with no_fork:
                close_old_connections()
        self._stopping.wait(RETRY * random.uniform(0.5, 1))  # noqa: S311 - no secret, only not all at once

    def _watch(self, source: ChangeSource) -> None:
        while not self._is_over():
            self._waiting_since = time.monotonic()
            source.wait(self._called, self._time_left())
            self._waiting_since = math.inf
            self._called.clear()
            if self._is_over():
                return
            if source.look():
                self._load()
            elif time.monotonic() >= self._thorough_at:
                self._load(thoroughly=True)
            self._revert_overdue()
            self._sign()

    def _time_left(self) -> float:
        """Return the seconds until the next revert, thorough load or check of the receipt is due."""
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
        except DatabaseUnavailable as error:  # the next `look` finds out whether the database can be read
            logger.warning("an unconfirmed revision is overdue and could not be reverted yet: %s", error)
        self._run_hooks()
        self._look_again()

    def _load(self, *, thoroughly: bool = False) -> None:
        """Load the configuration and run the hooks.

        With ``thoroughly``, also remove outdated data, and record the changes that were made with SQL. Find
        these changes even if no trigger has increased the version.
        """
        with using_database():
            self._reload(thoroughly=thoroughly)
            if thoroughly:
                with runs_project_code():
                    get_project().remove_outdated()
        self._has_loaded = True
        runtime.rely_on_watcher(True)
        self._run_hooks()  # outside of the block above, because a hook may fork
        self._sign_again_at = _time_to_write()
        self._look_again()

    def _run_hooks(self) -> None:
        with runs_project_code():
            hooks.run_due()
        with no_fork:  # no request ends in this thread, so Django does not close what a hook has opened
            close_others()

    def _reload(self, *, thoroughly: bool) -> None:
        self._thorough_at = time.monotonic() + REVALIDATE * random.uniform(0.75, 1)  # noqa: S311 - no secret
        is_drifted = runtime.reload_without_hooks().drifted
        if runtime.stale_since() is not None:
            raise DatabaseUnavailable("the configuration could not be read")
        if thoroughly:
            self._drop_former_keys()
        if thoroughly and (is_drifted or is_unrecorded()):
            self._adopt()
        elif is_drifted:
            self._thorough_at = _time_to_write()
        receipts.note_failure("")

    def sign_soon(self) -> None:
        """Make the watcher check immediately whether this process must write its receipt."""
        self._sign_again_at = 0.0
        self._look_again()

    def _look_again(self) -> None:
        """Skip the next wait."""
        self._called.set()  # notifications may have arrived with the answers to other queries

    def _adopt(self) -> None:
        """Make a revision of the changes that were made with SQL, unless another writer holds the lock."""
        self._thorough_at = time.monotonic() + ADOPT_AGAIN
        try:
            with waiting_at_most(AT_ONCE):
                adopt_now()
        except ConfigurationLocked:  # the other writer also records the changes, so there is no need to wait
            return
        except ConfigError as error:
            logger.warning("a change made with SQL could not be recorded in the history: %s", error)
        else:
            runtime.reload_without_hooks()

    def _drop_former_keys(self) -> None:
        """Drop the data keys that no ciphertext needs any more, unless another writer holds the lock."""
        with contextlib.suppress(ConfigurationLocked), waiting_at_most(AT_ONCE):
            rotation.drop_in_running_process()

    def _sign(self) -> None:
        """Write a receipt if this process has something new to report or a heartbeat is due."""
        if time.monotonic() < self._sign_again_at:
            return
        self._sign_again_at = time.monotonic() + SIGN_AGAIN
        try:
            if receipts.is_due():
                with using_database():
                    receipts.sign()
                self._look_again()
        except DatabaseUnavailable as error:
            receipts.warn_of_unwritten(error)

    def _log_once(self, error: BaseException) -> None:
        """Log an error with its traceback, unless the last attempt failed in the same way."""
        failure = f"{type(error).__name__}: {error}"
        if failure != self._failure:
            logger.error("watching the configuration failed; trying again", exc_info=error)
        self._failure = failure

    def _report(self, error: BaseException) -> None:
        """Write a receipt that says that this process cannot load the configuration."""
        receipts.note_failure(f"the configuration cannot be loaded: {type(error).__name__}")
        self._sign_again_at = 0.0
        if runtime.has_loaded():
            self._sign()


def _time_to_write() -> float:
    """Return when this process may write again, in monotonic seconds.

    This process has just loaded the tables. Before it writes, it lets other processes load the tables.
    """
    # The random part keeps the processes from writing at the same moment.
    return time.monotonic() + LET_OTHERS_LOAD * random.uniform(0.5, 1)  # noqa: S311 - no secret
