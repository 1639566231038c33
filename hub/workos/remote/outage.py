"""Whether this process has seen WorkOS fail lately: signed-in people need not wait for it (W8)."""

from __future__ import annotations

import logging
import time

from config_app.problems import Problem
from hub.workos.remote.errors import CredentialsRefused, WorkOSTrouble

logger = logging.getLogger("hub")

PAUSE = 10.0
"""Seconds in which requests of signed-in people do without WorkOS after it failed."""

_trouble: WorkOSTrouble | None = None
_until = 0.0


def note(trouble: WorkOSTrouble) -> None:
    """Note that WorkOS could not be used just now; the first time is logged."""
    global _trouble, _until
    if _trouble is None:
        logger.error("WorkOS cannot be used: %s; signed-in people stay signed in", trouble)
    _trouble, _until = trouble, time.monotonic() + PAUSE


def note_success() -> None:
    """Note that WorkOS answered as it should."""
    global _trouble, _until
    if _trouble is not None:
        logger.warning("WorkOS can be used again")
    _trouble, _until = None, 0.0


def forget() -> None:
    """Forget what was noted of credentials that are not in force any more."""
    global _trouble, _until
    _trouble, _until = None, 0.0


def is_recent() -> bool:
    """Tell whether WorkOS failed so lately that only somebody who signs in should wait for it."""
    return time.monotonic() < _until


def problems() -> list[Problem]:
    """Return what this process has to report about WorkOS."""
    if _trouble is None:
        return []
    if isinstance(_trouble, CredentialsRefused):
        return [
            Problem(
                code="workos_refuses",
                message="WorkOS does not accept the credentials of this hub",
                fix="set workos_client_id and workos_api_key to those of one WorkOS environment",
                keys=("workos_client_id", "workos_api_key"),
                severity="error",
            )
        ]
    fix = "the hub goes on by itself once it does; look at status.workos.com"
    return [Problem(code="workos_unavailable", message="WorkOS does not answer as it should", fix=fix)]
