"""The watcher of this process: when it starts and stops, and what happens if it cannot run."""

from __future__ import annotations

import atexit
import contextlib
import math
import threading
import time
from collections.abc import Callable
from typing import Any

from config_app.errors import DatabaseUnavailable
from config_app.live import freshness, hooks, runtime
from config_app.live.threads import safely
from config_app.propagation import uwsgi
from config_app.propagation.watcher import Watcher
from config_app.store.forking import after_fork, notice_fork, open_in_children
from config_app.store.process import is_test_run, process
from config_app.store.transactions import in_transaction

START_DELAY = 1.0
"""A process starts a watcher this many seconds after its first read.

Most short commands end earlier, so they start no watcher."""
LOOK_AGAIN = 1.0
"""Seconds between two checks of the database in a process without a working watcher."""
LOOK_SOON = 0.05
"""Seconds between two checks of the database in a process that soon starts its watcher."""
CHECK_INTERVAL = 0.05
"""Before a request, a server checks whether its watcher works, but only once in this many seconds."""

_watcher: Watcher | None = None
_leaves_at_exit = False
_starting = open_in_children(threading.RLock())
_looking = open_in_children(threading.Lock())


class _Reads:
    """When this process first read the configuration, and when a caller last checked the database."""

    def __init__(self) -> None:
        self.first_at: float | None = None
        self.looked_at = -math.inf
        self.check_at = -math.inf
        self.may_start = True

    def have_gone_on(self) -> bool:
        """Note a read; return whether this process has been reading for long enough to start a watcher."""
        self.first_at = self.first_at or time.monotonic()
        return self.may_start and _age(self.first_at) >= START_DELAY

    def is_look_due(self) -> bool:
        """Return whether the next check of the database is due.

        Shortly after the first read, a check is due every ``LOOK_SOON`` seconds, then every ``LOOK_AGAIN``.
        """
        is_new = self.may_start and self.first_at is not None and _age(self.first_at) < 2 * START_DELAY
        return min(freshness.config_age(), _age(self.looked_at)) >= (LOOK_SOON if is_new else LOOK_AGAIN)

    def reset(self) -> None:
        self.__init__()  # type: ignore[misc]  # no subclass can have another __init__


def _age(moment: float) -> float:
    return time.monotonic() - moment


_reads = process.keep(_Reads())


def start() -> Watcher:
    """Start the watcher of this process unless it is running already, and return the watcher.

    uWSGI's master runs no watcher. If the master calls this function, each of its workers starts a watcher.
    """
    notice_fork()  # otherwise, the first read of a worker of uWSGI would drop this watcher
    watcher = _start(0.0)
    watcher.begin()
    return watcher


def start_for_hooks() -> None:
    """Start a watcher as soon as a hook is registered. Hooks must run even if the process reads nothing more.

    Do nothing in a test run and in a command that ends soon. A hook can be registered before a test run
    begins, for example while the tests are imported. Then the watcher ends when the test run begins.
    """
    hooks.when_registered(_start_soon)


def _start_soon() -> None:
    if not (process.is_short_command or is_test_run()):
        _start_unless_stopped(START_DELAY)


def _start_unless_stopped(delay: float) -> None:
    """Start a watcher that the project's code has not asked for, unless ``stop`` was called."""
    # A watcher that is being stopped may just have loaded the tables for the first time, and have hooks.
    with _starting:
        if _reads.may_start:
            _start(delay, is_test_run)


def _start(delay: float, is_unwanted: Callable[[], bool] = lambda: False) -> Watcher:
    global _watcher, _leaves_at_exit  # noqa: PLW0603 - one watcher a process
    with _starting:
        if _watcher is None or not _watcher.is_alive():
            _watcher = Watcher(delay, is_unwanted)
            # uWSGI's master forks without waiting for the watcher, so its workers could hang for ever.
            if uwsgi.runs_threads() and not uwsgi.is_master():
                _watcher.start()
        _reads.may_start = True
        if not _leaves_at_exit:
            atexit.register(_leave)
            _leaves_at_exit = True
        return _watcher


def _leave() -> None:
    """Delete the receipt of this process, which is ending, so that no other process waits for it."""
    # The watcher does this, because the end of a process must not wait for a database that does not answer.
    _reads.may_start = False
    if (watcher := _watcher) is not None:
        watcher.leave()


def keep_current(*, is_server: bool = False) -> None:
    """Keep the configuration of this process current. The project itself need not call this function.

    - If ``is_check_due`` returns true before a request, the server calls this function with ``is_server``.
      Such a call starts a watcher immediately.
    - While ``runtime.is_watched()`` is false, some reads of the configuration call this function. Such a call
      starts a watcher if ``START_DELAY`` seconds have passed since the first read.

    While no watcher works, this function checks the database itself whenever a check is due. Do nothing in a
    test run or in a command that ends soon.
    """
    if (watcher := _watcher) is not None and watcher.keeps_current():
        return
    if process.is_short_command or is_test_run():
        return
    notice_fork()
    if uwsgi.is_master():
        _look(runtime.reload_if_changed)
    elif not uwsgi.runs_threads():  # a thread could stop in the middle of a transaction, and keep its locks
        _look(lambda: Watcher().take_turn())
    else:
        _start_if_wanted(is_server=is_server)
        if runtime.stale_since() is None or not is_watching():
            _look(runtime.reload_if_changed)


def is_check_due() -> bool:
    """Return whether a server must call ``keep_current`` before this request.

    After ``True``, return ``False`` for ``CHECK_INTERVAL`` seconds.
    """
    now = time.monotonic()
    if now < _reads.check_at:
        return False
    _reads.check_at = now + CHECK_INTERVAL
    return True


def keep_server_current(**_signal: Any) -> None:
    """Receive the signal ``request_started`` in a project without the middleware of this app."""
    if is_check_due():
        keep_current(is_server=True)


def _start_if_wanted(*, is_server: bool) -> None:
    with contextlib.suppress(RuntimeError):  # the interpreter is ending, or has too many threads
        if is_server:
            start()
        elif _reads.have_gone_on():
            _start_unless_stopped(0.0)


def _look(look: Callable[[], None]) -> None:
    """Check the database, unless it was checked a moment ago or is being checked now."""
    if not runtime.has_loaded() or in_transaction() or not _looking.acquire(blocking=False):
        return
    try:
        if _reads.is_look_due():
            _reads.looked_at = time.monotonic()
            safely(look)
    except DatabaseUnavailable as error:
        freshness.note_unavailable(error)
    finally:
        _looking.release()


def stop() -> None:
    """Stop the watcher of this process, if it has a watcher.

    After that, only a request or a call of ``start`` starts a watcher.
    """
    global _watcher
    with _starting:
        _reads.may_start = False
        watcher, _watcher = _watcher, None
    if watcher is not None:
        watcher.stop()


def sign_soon() -> None:
    """If a watcher runs, let it check immediately whether this process must write its receipt."""
    if (watcher := _watcher) is not None:
        watcher.sign_soon()


def is_watching() -> bool:
    """Return whether this process has a running watcher."""
    return _watcher is not None and _watcher.is_alive()


def _begin_as_child() -> None:
    """Start a watcher in a forked child if the parent had a watcher.

    If the parent called ``start``, the watcher starts immediately. Otherwise, the watcher starts after
    ``START_DELAY`` seconds.
    """
    global _watcher
    _reads.reset()
    of_parent, _watcher = _watcher, None  # the parent's thread does not exist in the child
    if of_parent is not None:
        with contextlib.suppress(RuntimeError):  # as in `_start_if_wanted`
            start() if of_parent.was_asked_for else _start(START_DELAY, is_test_run)


after_fork(_begin_as_child)
