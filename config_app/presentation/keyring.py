"""Finds out whether the loss of this machine would make every secret unreadable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from config_app.encryption import key_tables
from config_app.encryption.unlockers import MACHINE
from config_app.problems import Problem
from config_app.project import get_project

CONFIGURED = "configured"


def recovery(config: Any) -> Iterator[Problem]:
    """Yield a problem if a configured install depends on this machine, or on a code that may be lost.

    The secrets depend on this machine if there is neither a recovery code nor a shared key.
    """
    # An install may make its recovery code when its setup ends, so before that it needs no warning.
    slots = key_tables.kinds()
    if not slots or get_project().state(config) != CONFIGURED:
        return
    if {kind for kind, _is_confirmed in slots} == {MACHINE}:
        yield Problem(
            code="no_recovery_code",
            message="there is no recovery code, so the secrets are lost if this machine is lost",
            fix="run manage.py config recovery-code",
        )
    elif not all(is_confirmed for _kind, is_confirmed in slots):
        yield Problem(
            code="recovery_code_unconfirmed",
            message="no one has confirmed that they have kept the recovery code",
            fix="confirm it on the page that shows it, or run manage.py config recovery-code for a new code",
        )
