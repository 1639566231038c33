"""Rules between settings.

Rules that also look at accounts or at this machine are in ``hub.people.guards`` and
``hub.serving.listener_guard``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from config_app.errors import RuleViolation

if TYPE_CHECKING:
    from hub.runtime_config import RuntimeConfig

WORKOS_NEEDS = ("workos_client_id", "workos_api_key", "workos_cookie_password")


def workos_needs_credentials(config: RuntimeConfig) -> Iterable[RuleViolation]:
    """Yield a violation if the mode is ``workos`` and credentials for WorkOS are missing."""
    missing = [key for key in WORKOS_NEEDS if getattr(config, key) is None]
    if config.app_mode == "workos" and missing:
        yield RuleViolation(
            ("app_mode", *missing),
            "app_mode workos needs " + " and ".join(missing),
            "set them in the same change, or use another app_mode",
        )


def a_super_admin_remains(config: RuntimeConfig) -> Iterable[RuleViolation]:
    """Yield a violation if a claimed hub has no super admin."""
    # Without a super admin, no one could change sensitive settings in the browser any more.
    if config.setup_completed and config.app_mode != "unconfigured" and not config.super_admin_emails:
        yield RuleViolation(
            ("super_admin_emails",), "expected at least one address", "add the address of an administrator"
        )


def only_reset_unclaims(before: RuntimeConfig, after: RuntimeConfig) -> Iterable[RuleViolation]:
    """Yield a violation if the mode of a claimed hub becomes ``unconfigured`` without a reset."""
    # A reset also ends the sessions and revokes the rights, which a plain change of the mode does not.
    if before.app_mode != "unconfigured" and after.app_mode == "unconfigured" and after.setup_completed:
        yield RuleViolation(
            ("app_mode",), "expected local or workos", "run manage.py config reset to set the hub up again"
        )


def only_a_claim_configures(before: RuntimeConfig, after: RuntimeConfig) -> Iterable[RuleViolation]:
    """Yield a violation if an unclaimed hub gets another mode without a claim."""
    # A claim also creates the administrator, which a plain change of the mode does not.
    if after.app_mode not in {before.app_mode, "unconfigured"} and not after.setup_completed:
        yield RuleViolation(
            ("app_mode",),
            "expected a claimed hub, but this hub is not claimed yet",
            "run manage.py setup, or open the link that manage.py setup_token prints",
        )


RULES = (workos_needs_credentials, a_super_admin_remains)
GUARDS = (only_reset_unclaims, only_a_claim_configures)
