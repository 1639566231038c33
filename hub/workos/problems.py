"""What needs an operator's attention in mode ``workos``, for the health page, dashboard, admin and shell."""

from __future__ import annotations

import contextlib

from config_app.errors import DatabaseUnavailable
from config_app.problems import Problem
from config_app.store.failures import database_errors
from hub.runtime_config import RuntimeConfig
from hub.workos.remote import outage
from hub.workos.sessions import revocations


def problems(config: RuntimeConfig) -> list[Problem]:
    """Return what this process has seen of WorkOS, and what the database says, where it can be read."""
    found = outage.problems()
    with contextlib.suppress(DatabaseUnavailable), database_errors():  # which is reported elsewhere
        found += [*revocations.problems(), *_no_way_back(config)]
    return found


def _no_way_back(config: RuntimeConfig) -> list[Problem]:
    """Say that an outage would leave nobody in, of a hub that had a local owner to get back in with.

    One that was claimed in mode workos never had that way back, and is not told to make one.
    """
    from hub.people.accounts import has_local_administrator

    if config.local_admin_email is None or has_local_administrator(config.super_admin_emails):
        return []
    return [
        Problem(
            code="no_local_administrator",
            message="nobody could sign in with a password while WorkOS is down: no super admin has an active "
            "account with one",
            fix="activate or add such an account under People, or give one a password with "
            "manage.py changepassword ADDRESS",
            keys=("super_admin_emails",),
        )
    ]
