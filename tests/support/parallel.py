"""Run one action in several threads at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection


def in_parallel(count: int, act: Callable[[], object]) -> list[object]:
    """Run ``act`` in ``count`` threads that start together; return all results."""
    barrier, found = threading.Barrier(count), []

    def run() -> None:
        barrier.wait(20)
        found.append(act())
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found
