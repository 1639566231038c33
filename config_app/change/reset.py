"""Back to unconfigured: secrets cleared, access revoked, history kept."""

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
    """Plan the reset: every secret is cleared; with ``every_setting``, all others return to their default."""
    changes: dict[str, Any] = {
        setting.key: UNSET
        for setting in get_schema().settings.values()
        if setting.is_secret or (every_setting and not setting.managed)
    }
    return plan(changes | get_project().reset_changes(), managed=True)


def reset(
    *, actor: object = None, channel: str = CODE, reason: str = "", every_setting: bool = False
) -> Revision | None:
    """Reset in one transaction and return the revision; ``None`` where nothing was set."""
    with database_errors(), transaction.atomic():
        drawn = plan_reset(every_setting=every_setting)
        revision = drawn.apply(actor=actor, channel=channel, reason=reason)
        get_project().revoke_access()
    return revision
