"""Rules about accounts. The hub checks these rules when the mode or the super admins change."""

from __future__ import annotations

from collections.abc import Iterable

from config_app.errors import RuleViolation
from hub.people.accounts import MAKE_ACCOUNT, has_local_administrator
from hub.runtime_config import RuntimeConfig


def local_mode_needs_an_administrator(before: RuntimeConfig, after: RuntimeConfig) -> Iterable[RuleViolation]:
    """If the mode becomes ``local`` and no super admin can sign in with a password, yield a violation."""
    if before.app_mode == after.app_mode or after.app_mode != "local" or not after.setup_completed:
        return
    if not has_local_administrator(after.super_admin_emails):
        yield RuleViolation(
            ("app_mode",),
            "app_mode local needs an active super admin with a password",
            f"for an address in super_admin_emails, {MAKE_ACCOUNT}",
        )


def super_admins_can_sign_in(before: RuntimeConfig, after: RuntimeConfig) -> Iterable[RuleViolation]:
    """If the list of super admins changes and no one in the new list can sign in, yield a violation.

    Check this only if the mode is ``local`` and the hub is claimed.
    """
    if after.app_mode != "local" or before.super_admin_emails == after.super_admin_emails:
        return
    if after.setup_completed and not has_local_administrator(after.super_admin_emails):
        yield RuleViolation(
            ("super_admin_emails",),
            "expected at least one address of an active account with a password",
            "keep the address of an active account with a password, or first add an account under People",
        )
