"""Runs actions in threads for the length of a block."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator


@contextlib.contextmanager
def in_background(
    actions: Iterable[Callable[[], object]], ending: threading.Event, longest: float | None = None
) -> Iterator[None]:
    """Run each action in a thread of its own. At the end of the block, set ``ending`` and wait for all.

    An action must return soon after ``ending`` is set. ``longest`` is the number of seconds to wait for it.
    """
    threads = [threading.Thread(target=action, daemon=longest is not None) for action in actions]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ending.set()
        for thread in threads:
            thread.join(longest)
