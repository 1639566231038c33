"""The watcher of this process: when it starts and stops, and what happens if it cannot run."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable

from config_app.errors import ConfigError, DatabaseUnavailable
from config_app.live import runtime
from config_app.propagation import receipts
from config_app.propagation.watcher import NEVER_BEGUN, START_DELAY, Watcher
from config_app.store.process import process

_watcher: Watcher | None = None
_looked_at = 0.0
_leaves_at_exit = False
_starting = threading.Lock()


def start() -> Watcher:
    """Start a watcher in this process, unless one is running, and return the running one."""
    watcher = _start(0.0)
    watcher.begin()
    return watcher


def start_soon() -> None:
    """Start a watcher that begins after a moment; do nothing in a test run or a short command.

    If a test run begins only after this call, the watcher ends. For example, a project may read its
    configuration while its tests are imported.
    """
    if not process.is_short_command and not is_test_run():
        _start(START_DELAY, is_test_run)


def _start(delay: float, is_unwanted: Callable[[], bool] = lambda: False) -> Watcher:
    global _watcher, _leaves_at_exit  # noqa: PLW0603 - one watcher a process
    with _starting:
        if _watcher is None or not _watcher.is_alive():
            _watcher = Watcher(delay, is_unwanted)
            _watcher.start()
        if not _leaves_at_exit:
            atexit.register(_leave)
            _leaves_at_exit = True
        return _watcher


def _leave() -> None:
    """Delete this process's receipt when the process ends, so that no other process waits for it."""
    if _watcher is not None:
        stop()
        with contextlib.suppress(ConfigError):
            receipts.sign_off()


def is_test_run() -> bool:
    """Return whether Django's test environment is set up in this process."""
    utils = sys.modules.get("django.test.utils")
    return utils is not None and hasattr(utils._TestState, "saved_data")  # noqa: SLF001 - Django has no other sign


def keep_current() -> None:
    """Start a watcher unless one is running. If this process runs no threads, check the database instead.

    Call this function at each request. It checks the database at most once in ``NEVER_BEGUN`` seconds. In a
    test run, it does nothing.
    """
    if (watcher := _watcher) is not None and watcher.is_running:
        return
    if not is_test_run():
        _start_or_look()


def _start_or_look() -> None:
    global _looked_at  # noqa: PLW0603
    if not is_watching():
        start()
    elif (watcher := _watcher) is not None and watcher.cannot_run():
        if time.monotonic() - _looked_at < NEVER_BEGUN:
            return
        _looked_at = time.monotonic()
        with contextlib.suppress(DatabaseUnavailable):
            runtime.reload_if_changed()


def stop() -> None:
    """Stop this process's watcher, if it has one."""
    global _watcher
    with _starting:
        watcher, _watcher = _watcher, None
    if watcher is not None:
        watcher.stop()


def sign_soon() -> None:
    """Make this process's watcher, if it has one, check at once whether its receipt has to be written."""
    if (watcher := _watcher) is not None:
        watcher.sign_soon()


def is_watching() -> bool:
    """Return whether this process has a running watcher."""
    return _watcher is not None and _watcher.is_alive()


def _restart_after_fork() -> None:
    """Start a watcher in a forked child if its parent had one."""
    global _watcher, _starting  # noqa: PLW0603
    _starting = threading.Lock()
    if _watcher is not None:  # the parent's thread does not exist in the child
        _watcher = None
        start()


os.register_at_fork(after_in_child=_restart_after_fork)
