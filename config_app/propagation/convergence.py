"""Wait until a revision is live in every process."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable

from config_app.errors import ConfigError
from config_app.models import Process
from config_app.propagation import receipts
from config_app.propagation.receipts import Summary

INTERVAL = 0.02
"""Seconds between two looks at the receipts."""


class NotEverywhere(ConfigError):
    """A committed revision is not in force in every running process, or one of them failed to act on it."""

    def __init__(self, found: Summary, stuck: Iterable[Process]) -> None:
        """Name the processes that are behind, and those that say what went wrong."""
        places = "; ".join(receipts.remark(process) for process in stuck)
        super().__init__(
            f"revision {found.revision} is committed, but not in force everywhere: {places}",
            fix="config show says how far it has come",
        )


class Convergence:
    """What is waited for: a revision in force in every process, with what it changed acted on."""

    def __init__(self) -> None:
        """Begin before the revision is committed: what a process complained about before is not its doing."""
        self._known = {process.error for process in receipts.running()}

    def until(self, number: int, keys: Collection[str], seconds: float) -> Summary:
        """Return how far revision ``number``, which changed ``keys``, has come once there is no more to come.

        That is when it is everywhere, when a process says that it cannot follow, or after ``seconds``. A
        process that was killed counts as behind until it ages out.
        """
        end = time.monotonic() + seconds
        while self._is_worth_waiting(found := receipts.summary(number, keys)) and time.monotonic() < end:
            time.sleep(INTERVAL)
        return found

    def _is_worth_waiting(self, found: Summary) -> bool:
        """Tell whether somebody is still to take the revision up, and nobody has failed to."""
        if any(process.revision < found.revision for process in found.processes):
            return True
        return bool(found.behind) and not any(self._failed(process, found) for process in found.processes)

    def stuck(self, found: Summary) -> list[Process]:
        """Return the processes that are behind or failed; those that say why, where there are some."""
        late = [process for process in found.processes if process.revision < found.revision]
        failed = [process for process in found.processes if self._failed(process, found)]
        return [*late, *failed] or found.behind

    def _failed(self, process: Process, found: Summary) -> bool:
        """Tell whether a process says why it cannot act on the revision, or something new went wrong."""
        is_new = process.error not in self._known
        return bool(process.error) and (is_new or not found.keys.isdisjoint(process.pending))
