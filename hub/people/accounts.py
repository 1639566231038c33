"""Accounts of administrators who sign in with a password."""

from __future__ import annotations

from collections.abc import Iterable

from hub.models import User
from hub.runtime_config import LOCAL, get_config

MAKE_ACCOUNT = (
    "run manage.py createsuperuser --email ADDRESS; if the account exists already, use changepassword instead"
)
"""How to make an account for a super admin in a shell."""


def has_local_administrator(emails: Iterable[str]) -> bool:
    """Return whether one of the addresses belongs to an active account with a usable password."""
    candidates = User.objects.filter(email__in=list(emails), is_active=True)
    return any(user.has_usable_password() for user in candidates)


def is_last_local_administrator(user: User) -> bool:
    """In mode ``local``, return whether ``user`` is the only super admin who can sign in.

    In other modes, return ``False``.
    """
    config = get_config()
    if config.app_mode != LOCAL or not user.is_superuser or not user.has_usable_password():
        return False
    return not has_local_administrator(e for e in config.super_admin_emails if e != user.email)


def make_administrator(email: str, name: str, password_hash: str) -> User:
    """Create an active account, and return the account.

    If an account has this address already, activate this account and set its password. The function grants no
    rights. The setting ``super_admin_emails`` makes the person a super admin.
    """
    account = {"password": password_hash, "is_active": True}
    if name:
        account["name"] = name
    user, _created = User.objects.update_or_create(
        email=User.objects.normalize_email(email), defaults=account
    )
    return user
