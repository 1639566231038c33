"""What settings ask of each other, and what a change of mode asks of the accounts."""

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


def local_mode_needs_an_administrator(before: RuntimeConfig, after: RuntimeConfig) -> Iterable[RuleViolation]:
    """Mode ``local`` needs somebody who can sign in with a password and administer."""
    if before.app_mode == after.app_mode or after.app_mode != "local" or not after.setup_completed:
        return
    from hub.people.accounts import has_local_administrator

    if not has_local_administrator(after.super_admin_emails):
        yield RuleViolation(
            ("app_mode",),
            "app_mode local needs an active super admin with a password",
            "run manage.py changepassword ADDRESS for one of super_admin_emails",
        )


def super_admins_can_sign_in(before: RuntimeConfig, after: RuntimeConfig) -> Iterable[RuleViolation]:
    """In mode ``local``, at least one super admin keeps an account that works."""
    if after.app_mode != "local" or before.super_admin_emails == after.super_admin_emails:
        return
    from hub.people.accounts import has_local_administrator

    if after.setup_completed and not has_local_administrator(after.super_admin_emails):
        yield RuleViolation(
            ("super_admin_emails",),
            "expected at least one address of an active account with a password",
            "keep such an address in the list, or add the account under People first",
        )


def listener_can_be_had(before: RuntimeConfig, after: RuntimeConfig) -> Iterable[RuleViolation]:
    """A hub that runs on this machine can listen at its new address (R11)."""
    if (before.host, before.port) != (after.host, after.port):
        from hub.serving.listener_guard import what_keeps_from

        yield from what_keeps_from(after)


RULES = (workos_needs_credentials, somebody_administers)
GUARDS = (
    only_reset_unclaims,
    only_a_claim_configures,
    local_mode_needs_an_administrator,
    super_admins_can_sign_in,
    listener_can_be_had,
)
