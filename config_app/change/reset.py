"""A reset: it clears every secret, and the project decides what else. The history stays."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from config_app.change.plan import Plan, plan
from config_app.declaration.unset import UNSET
from config_app.models import Revision
from config_app.project import get_project, get_schema
from config_app.store import CODE
from config_app.store.failures import database_errors


def plan_reset(*, every_setting: bool = False) -> Plan:
    """Return a plan that clears every secret and makes the project's own reset changes.

    With ``every_setting``, it returns all other settings to their defaults too, except managed ones.
    """
    changes: dict[str, Any] = {
        setting.key: UNSET
        for setting in get_schema().settings.values()
        if setting.is_secret or (every_setting and not setting.managed)
    }
    return plan(changes | get_project().reset_changes(), managed=True)


def reset(
    *, actor: object = None, channel: str = CODE, reason: str = "", every_setting: bool = False
) -> Revision | None:
    """Reset the install and revoke access, in one transaction.

    Return the revision, or ``None`` if no setting had to change.
    """
    with database_errors(), transaction.atomic():
        planned = plan_reset(every_setting=every_setting)
        revision = planned.apply(actor=actor, channel=channel, reason=reason)
        get_project().revoke_access()
    return revision
