"""``on_change``: code that wants to know, in every process, when settings have changed."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

from config_app.errors import ConfigError
from config_app.store.forking import open_in_children

logger = logging.getLogger("config_app")

Hook = Callable[[Any, Any], None]
H = TypeVar("H", bound=Hook)
_hooks: list[tuple[frozenset[str], Hook]] = []
_failures: dict[Hook, str] = {}
_due: deque[tuple[frozenset[str], Any, Any]] = deque()
_running = open_in_children(threading.RLock())
_is_running_in: int | None = None
_deferred: ContextVar[bool] = ContextVar("config_app_hooks_deferred", default=False)


def on_change(*keys: str) -> Callable[[H], H]:
    """Call the decorated function with the old and the new runtime config after ``keys`` changed.

    Without keys, after any change. Hooks run in every process once the new config is in force, one at a
    time and in the order of the changes and of their registration; what they raise is logged, stands in
    this process's receipt until the hook succeeds, and stops nothing.
    """

    def register(hook: H) -> H:
        _hooks.append((frozenset(keys), hook))
        return hook

    return register


def announce(changed: Iterable[str], old: Any, new: Any) -> None:
    """Let ``run_due`` call every hook that asked for one of the ``changed`` keys."""
    if changed := frozenset(changed):
        _due.append((changed, old, new))


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """Leave the hooks to the next ``run_due`` after the block, which holds what a hook may wait for."""
    token = _deferred.set(True)
    try:
        yield
    finally:
        _deferred.reset(token)


def run_due() -> None:
    """Call the hooks for every change announced so far, by whichever thread."""
    global _is_running_in  # noqa: PLW0603 - one queue a process
    if _deferred.get():
        return
    with _running:
        if _is_running_in == os.getpid():  # a hook changed the configuration: the loop below comes to that
            return
        _is_running_in = os.getpid()
        try:
            while _due:  # taken out only afterwards, so that a child forked meanwhile runs its hooks too
                _run_all(*_due[0])
                _due.popleft()
        finally:
            _is_running_in = None


def _run_all(changed: frozenset[str], old: Any, new: Any) -> None:
    for keys, hook in _hooks:
        if not keys or keys & changed:
            _run(hook, old, new)


def _run(hook: Hook, old: Any, new: Any) -> None:
    try:
        hook(old, new)
    except ConfigError as error:  # says what is wrong in one line, and never a value
        logger.error("%s", error)
        _failures[hook] = str(error)
    except Exception as error:  # a hook is somebody else's code, and the configuration is in force already
        name = f"{hook.__module__}.{getattr(hook, '__qualname__', repr(hook))}"
        logger.exception("the on_change hook %s failed", name)
        _failures[hook] = f"the on_change hook {name} failed: {type(error).__name__}"
    else:
        _failures.pop(hook, None)


def failures() -> list[str]:
    """Return a line for each hook that failed when it last ran; what strangers raise is in the log only."""
    return list(_failures.values())
