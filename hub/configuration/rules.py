"""What settings require of each other.

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
    """Mode ``workos`` works only with its credentials."""
    missing = [key for key in WORKOS_NEEDS if getattr(config, key) is None]
    if config.app_mode == "workos" and missing:
        yield RuleViolation(
            ("app_mode", *missing),
            "app_mode workos needs " + " and ".join(missing),
            "set them in the same change, or keep another app_mode",
        )


def somebody_administers(config: RuntimeConfig) -> Iterable[RuleViolation]:
    """A claimed hub has at least one super admin, or nobody could change it any more."""
    if config.setup_completed and config.app_mode != "unconfigured" and not config.super_admin_emails:
        yield RuleViolation(
            ("super_admin_emails",), "expected at least one address", "name who administers this hub"
        )


def only_reset_unclaims(before: RuntimeConfig, after: RuntimeConfig) -> Iterable[RuleViolation]:
    """Returning to unconfigured also ends sessions and rights, which only a reset does."""
    if before.app_mode != "unconfigured" and after.app_mode == "unconfigured" and after.setup_completed:
        yield RuleViolation(
            ("app_mode",), "expected local or workos", "run manage.py config reset to set the hub up anew"
        )


def only_a_claim_configures(before: RuntimeConfig, after: RuntimeConfig) -> Iterable[RuleViolation]:
    """An unclaimed hub gets its mode from a claim, which also makes its administrator."""
    if after.app_mode not in {before.app_mode, "unconfigured"} and not after.setup_completed:
        yield RuleViolation(
            ("app_mode",),
            "expected a claimed hub, and nobody has claimed this one yet",
            "run manage.py setup, or open the link that manage.py setup_token prints",
        )


RULES = (workos_needs_credentials, somebody_administers)
GUARDS = (only_reset_unclaims, only_a_claim_configures)
