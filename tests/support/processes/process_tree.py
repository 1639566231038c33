"""Finds the children of a process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


def children(parent: int) -> Iterator[int]:
    """Yield the pids of the processes that ``parent`` has started and that still exist."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # the process has ended
            if int(status.read_text().rpartition(")")[2].split()[1]) == parent:
                yield int(status.parent.name)
