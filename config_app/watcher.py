"""Keeps this process's runtime config current: notices commits by anyone, raw SQL included."""

from __future__ import annotations

import logging
import os
import threading
import time

from django.db import close_old_connections, connection

from config_app import hooks, receipts, runtime
from config_app.adoption import adopt_now
from config_app.confirmation import revert_overdue
from config_app.errors import ConfigError, DatabaseUnavailable
from config_app.forking import no_fork
from config_app.sources import ChangeSource, open_source

logger = logging.getLogger("config_app")

REVALIDATE = 60.0
"""Seconds after which the configuration is read again even if nothing was noticed."""
ADOPT_AGAIN = 10.0
"""Seconds until the next attempt to record a change made in SQL, where the database did not let us."""
SIGN_AGAIN = 1.0
"""Seconds until the next thought about a receipt, which costs a third of what an idle watcher computes."""
RETRY = 1.0
"""Seconds between two attempts while the database cannot be used."""


class Watcher(threading.Thread):
    """A daemon thread that reloads the configuration after every commit to its tables."""

    def __init__(self) -> None:
        """Prepare a watcher; ``start`` runs it."""
        super().__init__(name="config-watcher", daemon=True)
        self._stopping, self._called = threading.Event(), threading.Event()
        self._sign_again_at = 0.0

    def stop(self, timeout: float = 2.0) -> None:
        """Stop watching and wait for the thread to end, at most ``timeout`` seconds."""
        self._stopping.set()
        self._called.set()
        if self is not threading.current_thread():
            self.join(timeout)

    def run(self) -> None:
        """Watch until stopped, whatever the database does in between."""
        try:
            while not self._stopping.is_set():
                self._watch_until_trouble()
        finally:
            connection.close()

    def _watch_until_trouble(self) -> None:
        source = None
        try:
            with no_fork:
                source = open_source()
                self._reload()
            hooks.run_due()
            with no_fork:
                self._sign()
            self._watch(source)
        except DatabaseUnavailable as error:
            runtime.note_unavailable(error)
        except Exception as error:  # the thread must outlive anything, or this process never hears again
            logger.exception("watching the configuration failed; trying again")
            self._report(error)
        finally:
            with no_fork:
                if source is not None:
                    source.close()
                close_old_connections()
        self._stopping.wait(RETRY)

    def _watch(self, source: ChangeSource) -> None:
        while not self._stopping.is_set():
            source.wait(self._called)
            self._called.clear()
            with no_fork:
                if source.look() or self._is_due():
                    self._reload()
                self._revert_overdue()
            hooks.run_due()  # outside, because a hook may fork
            with no_fork:
                self._sign()

    def _is_due(self) -> bool:
        """Tell whether to read again although nothing was noticed."""
        snapshot = runtime.get_snapshot()
        adopt_again = snapshot.drifted and time.monotonic() - snapshot.loaded_at > ADOPT_AGAIN
        return adopt_again or runtime.config_age() > REVALIDATE

    def _revert_overdue(self) -> None:
        confirm_by = runtime.get_snapshot().confirm_by
        if confirm_by is not None and time.monotonic() >= confirm_by:
            revert_overdue()
            runtime.swap()

    def _reload(self) -> None:
        snapshot = runtime.swap()
        if runtime.stale_since() is not None:
            raise DatabaseUnavailable("the configuration could not be read")
        if snapshot.drifted:
            self._adopt()
        receipts.note_failure("")
        self._sign_again_at = 0.0  # once the hooks have run: a receipt says what they made of the revision

    def sign_soon(self) -> None:
        """Look at the database before long, and leave a receipt where there is something to say."""
        self._sign_again_at = 0.0
        self._called.set()

    def _adopt(self) -> None:
        try:
            adopt_now()
        except ConfigError as error:
            logger.warning("a change made in the database is in force but not in the history: %s", error)
        else:
            runtime.swap()

    def _sign(self) -> None:
        """Leave a receipt for what is new, and a sign of life now and then."""
        if time.monotonic() < self._sign_again_at:
            return
        self._sign_again_at = time.monotonic() + SIGN_AGAIN
        try:
            receipts.sign_when_due()
        except DatabaseUnavailable as error:
            logger.info("no receipt: %s", error)

    def _report(self, error: Exception) -> None:
        """Let the receipt say that this process cannot take up the configuration."""
        receipts.note_failure(f"the configuration cannot be taken up: {type(error).__name__}")
        self._sign_again_at = 0.0
        if runtime.has_loaded():
            with no_fork:
                self._sign()


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
