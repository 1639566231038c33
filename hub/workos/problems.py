"""The problems of mode ``workos``, for the health check, the dashboard, the admin and the command line."""

from __future__ import annotations

import contextlib

from config_app.errors import DatabaseUnavailable
from config_app.problems import Problem
from config_app.store.failures import database_errors
from hub.runtime_config import RuntimeConfig
from hub.workos.remote import outage
from hub.workos.sessions import revocations


def problems(config: RuntimeConfig) -> list[Problem]:
    """Return the problems of this process with WorkOS, and the problems that the database shows.

    If the database does not answer, return only the problems of this process.
    """
    found = outage.problems()
    with contextlib.suppress(DatabaseUnavailable), database_errors():  # reported by another problem
        found += [*revocations.problems(), *_no_way_back(config)]
    return found


def _no_way_back(config: RuntimeConfig) -> list[Problem]:
    """Return a list with a problem if no super admin could sign in with a password while WorkOS is down.

    Return an empty list if a super admin could do so, or if the hub never had a local administrator.
    """
    from hub.people.accounts import has_local_administrator

    # A hub that was claimed in mode workos never had a local administrator, and need not have one.
    if config.local_admin_email is None or has_local_administrator(config.super_admin_emails):
        return []
    return [
        Problem(
            code="no_local_administrator",
            message="no super admin has an active account with a password, so no one could sign in while "
            "WorkOS is down",
            fix="activate or add such an account under People, or set a password with "
            "manage.py changepassword ADDRESS",
            keys=("super_admin_emails",),
        )
    ]
