"""Accounts of people who sign in through WorkOS, keyed by its user id."""

from __future__ import annotations

import logging

from django.db import IntegrityError, transaction

from hub.models import User
from hub.workos.remote.errors import NotAdmitted
from hub.workos.remote.grants import Person

logger = logging.getLogger("hub")

FORMER, UNVERIFIED = "former.invalid", "unverified.invalid"
"""Domains, of those which RFC 2606 reserves, of accounts whose address is somebody else's by now, and of
those that never had one which WorkOS has verified."""


def admit(person: Person, *, reactivating: bool = False) -> User:
    """Return the account of ``person``, made or brought up to date; raise ``NotAdmitted``.

    An account that was there before is theirs by an address only if WorkOS has verified the address and
    the account belongs to nobody else at WorkOS. ``reactivating`` is for a claim, which makes its owner's
    account count again.
    """
    try:
        user = _find_or_make(person)
    except IntegrityError:  # two first sign-ins of one person at once
        user = _find_or_make(person)
    if reactivating and not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
    if not user.is_active:
        raise NotAdmitted("inactive")
    return user


def update(user: User, person: Person) -> None:
    """Bring the account of somebody who is signed in up to date."""
    try:
        with transaction.atomic():
            _assign(user, person)
    except (NotAdmitted, IntegrityError):
        # The new address is somebody else's here: the account keeps the old one, which nobody vouches for.
        User.objects.filter(pk=user.pk).update(verified_email="")


@transaction.atomic
def _find_or_make(person: Person) -> User:
    user = User.objects.filter(workos_user_id=person.workos_user_id).first() or _namesake(person)
    if user is None:
        user = User()
        user.set_unusable_password()
    _assign(user, person)
    return user


def _namesake(person: Person) -> User | None:
    """Return the account that nobody at WorkOS has yet, by a verified address."""
    if not person.email_verified:
        return None
    return User.objects.filter(email=person.email, workos_user_id=None).first()


def _assign(user: User, person: Person) -> None:
    """Write what WorkOS says, and nothing else: an administrator may be changing the account right now.

    An address that WorkOS has not verified never becomes the account's: in mode local, where passwords
    speak for people, ``super_admin_emails`` trusts whatever address an account has.
    """
    if person.email_verified:
        _make_room(user, person)
    elif not user.pk:
        _require_unclaimed(person)
    facts = {
        "workos_user_id": person.workos_user_id,
        "email": person.email if person.email_verified else user.email or _placeholder(person, UNVERIFIED),
        "verified_email": person.email if person.email_verified else "",
        "name": person.name or user.name or ("" if person.email_verified else person.email)[:150],
    }
    changed = {name: value for name, value in facts.items() if getattr(user, name) != value}
    for name, value in changed.items():
        setattr(user, name, value)
    if changed:
        user.save(update_fields=changed if user.pk else None)


def _placeholder(owner: Person | User, domain: str) -> str:
    """Return an address that nobody can have, for an account of somebody at WorkOS."""
    return f"{owner.workos_user_id}@{domain}".lower()


def _require_unclaimed(person: Person) -> None:
    """Send whoever has an account here to verify their address, rather than to a second one."""
    if User.objects.filter(email=person.email).exists():
        raise NotAdmitted("unverified")


def _make_room(user: User, person: Person) -> None:
    """Take the address from another account at WorkOS: whose it is now, WorkOS has verified."""
    other = User.objects.filter(email=person.email).exclude(pk=user.pk).first()
    if other is None:
        return
    if other.workos_user_id is None:  # with a password of its own, and ``user`` is an account already
        raise NotAdmitted("taken")
    logger.warning("account %s lost its e-mail address to another person at WorkOS", other.pk)
    other.email, other.verified_email = _placeholder(other, FORMER), ""
    other.save(update_fields=["email", "verified_email"])
