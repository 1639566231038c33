"""``on_change``: functions that are called in every process after settings have changed."""

from __future__ import annotations

import contextlib
import inspect
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

from config_app.errors import ConfigError
from config_app.store.forking import open_in_children
from config_app.store.process import process

logger = logging.getLogger("config_app")

Hook = Callable[[Any, Any], None]
H = TypeVar("H", bound=Hook)
_hooks: list[tuple[frozenset[str], Hook]] = []
_awaiting_hooks: set[Callable[[], None]] = set()


class _Queue:
    """The changes for which hooks must still run, and the hooks that failed when they last ran."""

    def __init__(self) -> None:
        self.due: deque[tuple[frozenset[str], Any, Any]] = deque()
        self.failures: dict[Hook, str] = {}

    def reset(self) -> None:
        self.due.clear()
        self.failures.clear()


_queue = process.keep(_Queue())
_running = open_in_children(threading.RLock())
_is_running_in: int | None = None
_deferred: ContextVar[bool] = ContextVar("config_app_hooks_deferred", default=False)


def on_change(*keys: str) -> Callable[[H], H]:
    """Call the decorated function with the old and the new runtime config after one of ``keys`` changed.

    Without ``keys``, call the function after every change. Each process calls its hooks as soon as the
    process uses the new config. The hooks run one after the other. For each change, the hooks run in the
    order in which they were registered. If a hook raises an exception, the process logs the exception and
    calls the next hook. The process's receipt names the failed hook until this hook succeeds.

    Raise ``TypeError`` if a key is not a text. ``manage.py check`` finds hooks that could never run.
    """
    if not all(isinstance(key, str) for key in keys):
        raise TypeError("on_change() expects the keys of settings; without a key, write @on_change()")

    def register(hook: H) -> H:
        _hooks.append((frozenset(keys), hook))
        while _awaiting_hooks:
            _awaiting_hooks.pop()()
        return hook

    return register


def announce(changed: Iterable[str], old: Any, new: Any) -> None:
    """Queue a change. The next call of ``run_due`` calls the hooks for the keys in ``changed``."""
    if changed := frozenset(changed):
        _queue.due.append((changed, old, new))


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """Make ``run_due`` do nothing in this block. The first ``run_due`` after the block calls the hooks."""
    # The code in the block holds a lock for which a hook could wait.
    token = _deferred.set(True)
    try:
        yield
    finally:
        _deferred.reset(token)


def run_due() -> None:
    """Call the hooks for all announced changes, including those that other threads announced.

    Do nothing in a ``deferred`` block or in a hook.
    """
    global _is_running_in  # noqa: PLW0603 - one queue per process
    if _deferred.get():
        return
    with _running:
        if _is_running_in == os.getpid():  # called by a hook: the loop below, already running, goes on
            return
        _is_running_in = os.getpid()
        try:
            # A change is removed only after its hooks ran, so that a child forked in between runs them too.
            while _queue.due:
                _run_all(*_queue.due[0])
                _queue.due.popleft()
        finally:
            _is_running_in = None


def _run_all(changed: frozenset[str], old: Any, new: Any) -> None:
    for keys, hook in _hooks:
        if not keys or keys & changed:
            _run(hook, old, new)


def _run(hook: Hook, old: Any, new: Any) -> None:
    try:
        _call(hook, old, new)
    except ConfigError as error:  # its message is one line and never contains a value
        logger.error("%s", error)
        _queue.failures[hook] = str(error)
    except BaseException as error:  # a hook is foreign code: its sys.exit() must end no thread
        if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
            raise
        name = f"{hook.__module__}.{getattr(hook, '__qualname__', repr(hook))}"
        logger.exception("the on_change hook %s failed", name)
        _queue.failures[hook] = f"the on_change hook {name} failed: {type(error).__name__}"
    else:
        _queue.failures.pop(hook, None)


def _call(hook: Hook, old: Any, new: Any) -> None:
    found: object = hook(old, new)  # type: ignore[func-returns-value]  # an async function returns a coroutine
    if inspect.iscoroutine(found) or inspect.isgenerator(found):
        found.close()
        raise TypeError("an on_change hook must be an ordinary function, without async and yield")


def when_registered(function: Callable[[], None]) -> None:
    """Call ``function`` once: now if there are hooks, otherwise when the first hook is registered."""
    if _hooks:
        function()
    else:
        _awaiting_hooks.add(function)


def registered() -> list[tuple[frozenset[str], Hook]]:
    """Return the keys and the function of each hook, for the system checks."""
    return list(_hooks)


def failures() -> list[str]:
    """Return a line for each hook that failed when it last ran."""
    # For exceptions other than ConfigError, the line has only the type: the text may contain a secret.
    return list(_queue.failures.values())
