"""The reset clears every secret. The project decides what else is reset. The history stays."""

from __future__ import annotations

from typing import Any

from config_app.change import rights
from config_app.change.plan import Plan, plan
from config_app.database import atomic
from config_app.declaration.unset import UNSET
from config_app.models import Revision
from config_app.project import get_project, get_schema
from config_app.store import CODE
from config_app.store.failures import database_errors


def plan_reset(*, every_setting: bool = False) -> Plan:
    """Return a plan that clears every secret and makes the changes in the project's ``reset_changes()``.

    If ``every_setting`` is true, the plan also sets every other setting that is not managed to its default.
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
    """Clear every secret and do the project's part of the reset, in one transaction.

    The project's part is ``reset_changes()`` and ``revoke_access()``. Return the revision, or ``None`` if no
    setting had to change. Raise ``InvalidPlan`` if ``actor`` is a user who may not make the changes.
    """
    with database_errors(), atomic():
        planned = plan_reset(every_setting=every_setting)
        rights.check(actor, [edit.key for edit in planned.edits if not get_schema()[edit.key].managed])
        get_project().revoke_access()  # before the reset, because it needs the current values
        return planned.apply(actor=actor, channel=channel, reason=reason)
