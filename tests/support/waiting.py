"""Waiting for a condition with a deadline, instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE = 20.0
GLANCE = 0.005


def wait_for(
    look: Callable[[], T | None], what: str, deadline: float = DEADLINE, *, pause: float = GLANCE
) -> T:
    """Return the first true result of ``look``; fail after ``deadline`` seconds; the message names ``what``.

    ``pause`` is the time between two calls, in seconds; make it longer if a call is expensive.
    """
    end = time.monotonic() + deadline
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline} s in vain for {what}")
        time.sleep(pause)
