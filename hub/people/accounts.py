"""Accounts that can administer the hub with a password of their own."""

from __future__ import annotations

from collections.abc import Iterable

from hub.models import User
from hub.runtime_config import LOCAL, get_config


def has_local_administrator(emails: Iterable[str]) -> bool:
    """Tell whether one of the addresses belongs to an active account with a usable password."""
    candidates = User.objects.filter(email__in=list(emails), is_active=True)
    return any(user.has_usable_password() for user in candidates)


def is_last_local_administrator(user: User) -> bool:
    """Tell whether nobody could administer this hub with a password any more without this account."""
    config = get_config()
    if config.app_mode != LOCAL or not user.is_superuser or not user.has_usable_password():
        return False
    return not has_local_administrator(e for e in config.super_admin_emails if e != user.email)


def make_administrator(email: str, name: str, password_hash: str) -> User:
    """Create the account, or give an earlier one of this address its new password and its life back.

    Rights are not part of it: ``super_admin_emails`` grants them.
    """
    account = {"password": password_hash, "is_active": True}
    if name:
        account["name"] = name
    user, _created = User.objects.update_or_create(
        email=User.objects.normalize_email(email), defaults=account
    )
    return user
