"""Waiting for a condition with a deadline, instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE = 20.0


def wait_for(look: Callable[[], T | None], what: str, deadline: float = DEADLINE) -> T:
    """Return the first true answer of ``look``; fail after ``deadline`` seconds, naming ``what``."""
    end = time.monotonic() + deadline
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline} s in vain for {what}")
        time.sleep(0.005)
