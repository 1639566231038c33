"""A record of this process's failed calls to WorkOS.

For some seconds after a failure, the requests of signed-in people do not call WorkOS. So these people do not
wait for WorkOS.
"""

from __future__ import annotations

import logging
import time

from config_app.problems import Problem
from hub.workos.remote.errors import CredentialsRefused, WorkOSTrouble

logger = logging.getLogger("hub")

PAUSE = 10.0
"""After a failure, the requests of signed-in people do not call WorkOS for this many seconds."""

_trouble: WorkOSTrouble | None = None
_until = 0.0


def note(trouble: WorkOSTrouble) -> None:
    """Record a failed call to WorkOS. Log only the first of several failures in a row."""
    global _trouble, _until
    if _trouble is None:
        logger.error("WorkOS cannot be used: %s. People who are signed in stay signed in.", trouble)
    _trouble, _until = trouble, time.monotonic() + PAUSE


def note_success() -> None:
    """Record a successful call to WorkOS. Log only the first success after a failure."""
    global _trouble, _until
    if _trouble is not None:
        logger.warning("WorkOS works again")
    _trouble, _until = None, 0.0


def forget() -> None:
    """Delete the record of failures. Call this function when the credentials have changed."""
    global _trouble, _until
    _trouble, _until = None, 0.0


def is_recent() -> bool:
    """Return whether the last recorded call failed less than ``PAUSE`` seconds ago.

    If the result is true, the requests of signed-in people must not call WorkOS.
    """
    return time.monotonic() < _until


def problems() -> list[Problem]:
    """Return a list with the problem that this process has with WorkOS now.

    If this process has no problem with WorkOS, the list is empty.
    """
    if _trouble is None:
        return []
    if isinstance(_trouble, CredentialsRefused):
        return [
            Problem(
                code="workos_refuses",
                message="WorkOS does not accept the credentials of this hub",
                fix="set workos_client_id and workos_api_key to values from the same WorkOS environment",
                keys=("workos_client_id", "workos_api_key"),
                severity="error",
            )
        ]
    fix = "wait while the hub keeps trying, or look at status.workos.com"
    return [Problem(code="workos_unavailable", message="WorkOS does not answer as it should", fix=fix)]
