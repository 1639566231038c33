"""Waiting until a revision is in force everywhere."""

from __future__ import annotations

import time

from config_app import receipts
from config_app.errors import ConfigError
from config_app.receipts import Summary

INTERVAL = 0.02
"""Seconds between two looks at the receipts."""


class NotEverywhere(ConfigError):
    """A committed revision is not in force in every running process yet."""

    def __init__(self, found: Summary) -> None:
        """Name the processes that are behind."""
        places = "; ".join(receipts.remark(process) for process in found.behind)
        super().__init__(
            f"revision {found.revision} is committed, but not in force everywhere: {places}",
            fix="config show says how far it has come",
        )


def await_everywhere(number: int, seconds: float) -> Summary:
    """Return how far revision ``number`` has come: once that is everywhere, or after ``seconds``.

    A process that was killed counts as behind until it ages out.
    """
    end = time.monotonic() + seconds
    while (found := receipts.summary(number)).behind and time.monotonic() < end:
        time.sleep(INTERVAL)
    return found
