"""Finds out whether the loss of this machine would make every secret unreadable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from config_app.encryption import enrolment
from config_app.encryption.unlockers import MACHINE
from config_app.problems import Problem
from config_app.project import get_project

CONFIGURED = "configured"


def only_this_machine(config: Any) -> Iterator[Problem]:
    """Yield a problem if a configured install has neither a recovery code nor a shared key."""
    # An install may make its recovery code when its setup ends, so before that it needs no warning.
    kinds = set(enrolment.slot_kinds())
    if kinds != {MACHINE} or get_project().state(config) != CONFIGURED:
        return
    yield Problem(
        code="no_recovery_code",
        message="there is no recovery code, so the secrets are lost if this machine is lost",
        fix="run manage.py config recovery-code",
    )
