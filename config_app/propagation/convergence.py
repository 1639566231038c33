"""Waits until every process uses a revision."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable

from config_app.errors import ConfigError
from config_app.models import Process
from config_app.propagation import progress, receipts
from config_app.propagation.progress import Summary

INTERVAL = 0.02
"""Seconds between two reads of the receipts."""


class NotEverywhere(ConfigError):
    """A revision is committed, but some running processes do not use the revision or failed to act on it."""

    def __init__(self, found: Summary, stuck: Iterable[Process]) -> None:
        """Name the ``stuck`` processes in the message, each with its revision and error."""
        places = "; ".join(progress.remark(process) for process in stuck)
        super().__init__(
            f"revision {found.revision} is committed, but some processes do not use it yet: {places}",
            fix="manage.py config show reports the progress",
        )


class Convergence:
    """Waits until every process runs a revision and has acted on it, for example has moved its listener."""

    def __init__(self) -> None:
        """Remember the errors that processes report now, before the revision is committed."""
        # The new revision has not caused these errors.
        self._known = {process.error for process in receipts.running()}

    def until(self, number: int, keys: Collection[str], seconds: float) -> Summary:
        """Wait until every process uses revision ``number``, which changed ``keys``; return the summary.

        Stop waiting after ``seconds``, or earlier if a process reports a failure. A killed process counts as
        behind until its last heartbeat is too old.
        """
        end = time.monotonic() + seconds
        while self._is_worth_waiting(found := progress.summary(number, keys)) and time.monotonic() < end:
            time.sleep(INTERVAL)
        return found

    def _is_worth_waiting(self, found: Summary) -> bool:
        """Return whether waiting longer can help.

        Waiting can help while a process has not loaded the revision. After that, waiting can help while a
        process has not acted on the revision, unless a process has failed.
        """
        if any(process.revision < found.revision for process in found.processes):
            return True
        return bool(found.behind) and not any(self._failed(process, found) for process in found.processes)

    def stuck(self, found: Summary) -> list[Process]:
        """Return the processes that made the wait fail.

        These are the processes that have not loaded the revision and the processes that failed. If there are
        no such processes, return the processes that have not acted on the revision.
        """
        late = [process for process in found.processes if process.revision < found.revision]
        failed = [process for process in found.processes if self._failed(process, found)]
        return [*late, *failed] or found.behind

    def _failed(self, process: Process, found: Summary) -> bool:
        """Return whether a process failed because of the revision.

        A process failed if it reports a new error. A process also failed if it reports any error and has not
        acted on the revision.
        """
        is_new = process.error not in self._known
        return bool(process.error) and (is_new or not found.keys.isdisjoint(process.pending))
