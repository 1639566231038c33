"""The changes that the claim of a hub makes."""

from __future__ import annotations

from typing import Any

from config_app.declaration.unset import UNSET
from hub.runtime_config import RuntimeConfig
from hub.start.generated import cookie_password
from setup_wizard.product import Application


def changes(application: Application, config: RuntimeConfig) -> dict[str, Any]:
    """Return a dict that maps keys of settings to the values that the claim sets.

    The dict contains the entered settings, and the settings that every claim changes, such as the mode.
    """
    wanted = {**application.changes, "app_mode": application.mode, "setup_completed": True}
    if application.administrator is not None:
        email = application.administrator.email
        listed = wanted.get("super_admin_emails", config.super_admin_emails)
        wanted["super_admin_emails"] = tuple(dict.fromkeys([email, *listed]))
        wanted["local_admin_email"] = email
    elif config.local_admin_email is not None:
        wanted["local_admin_email"] = UNSET  # from an earlier claim; this claim creates no account
    if config.workos_cookie_password is None and "workos_cookie_password" not in wanted:
        wanted["workos_cookie_password"] = cookie_password()
    return wanted


def is_same(application: Application, config: RuntimeConfig) -> bool:
    """Return whether ``application`` has the same mode and owner as ``config``.

    If the claim creates an account, compare the account's address with the owner in ``config``. In mode
    ``workos``, compare the client IDs, and check that ``config`` contains every entered super admin.
    """
    if application.mode != config.app_mode:
        return False
    if application.administrator is not None:
        return application.administrator.email == config.local_admin_email
    wanted = application.changes
    listed = wanted.get("super_admin_emails", config.super_admin_emails)
    client_id = wanted.get("workos_client_id", config.workos_client_id)
    return client_id == config.workos_client_id and set(listed) <= set(config.super_admin_emails)
