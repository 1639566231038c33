"""Waiting for a condition with a deadline, instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE = 20.0
GLANCE = 0.005
PAUSE_SHARE, LONGEST_PAUSE = 0.1, 0.05
"""A pause is this share of the time waited so far, but at most 50 ms, because a look takes processor time."""


def wait_for(
    look: Callable[[], T | None], what: str, deadline: float = DEADLINE, *, pause: float = GLANCE
) -> T:
    """Return the first true result of ``look``; fail after ``deadline`` seconds; the message names ``what``.

    ``pause`` is the shortest time between two calls, in seconds; make it longer if a call is expensive.
    """
    began = time.monotonic()
    while True:
        answer = look()
        if answer:
            return answer
        waited = time.monotonic() - began
        if waited > deadline:
            raise AssertionError(f"waited {deadline} s in vain for {what}")
        time.sleep(max(pause, min(waited * PAUSE_SHARE, LONGEST_PAUSE)))
