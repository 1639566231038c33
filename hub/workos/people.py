"""The accounts of people who sign in through WorkOS. The hub finds an account by WorkOS's user id."""

from __future__ import annotations

import logging

from django.db import IntegrityError, transaction

from hub.models import User
from hub.workos.remote.errors import NotAdmitted
from hub.workos.remote.grants import Person

logger = logging.getLogger("hub")

FORMER, UNVERIFIED = "former.invalid", "unverified.invalid"
"""Domains of placeholder addresses. RFC 2606 reserves ``.invalid``, so no real address has these domains.

If an account's address now belongs to another person, the account gets an address in ``FORMER``. If WorkOS
has never verified an address for an account, the account has an address in ``UNVERIFIED``.
"""


def admit(person: Person, *, reactivating: bool = False) -> User:
    """Create or update the account of ``person``, and return the account.

    If WorkOS has verified the person's address, a local account with this address becomes the person's
    account. If ``reactivating`` is true, an inactive account is activated. Only a claim sets
    ``reactivating``.

    Raise ``NotAdmitted`` if the account stays inactive, or if the person's address cannot be used.
    """
    try:
        user = _find_or_make(person)
    except IntegrityError:  # the person's first sign-in came in two requests at the same time
        user = _find_or_make(person)
    if reactivating and not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
    if not user.is_active:
        raise NotAdmitted("inactive")
    return user


def update(user: User, person: Person) -> None:
    """Update the account of a signed-in person with the person's current data at WorkOS.

    If the person's verified address already belongs to a local account, or if the hub cannot use the person's
    address, set ``verified_email`` of ``user`` to "" and change nothing else.
    """
    try:
        with transaction.atomic():
            _assign(user, person)
    except (NotAdmitted, IntegrityError):
        # The new address cannot be the account's. Keep the old address, which WorkOS no longer verifies.
        User.objects.filter(pk=user.pk).update(verified_email="")


@transaction.atomic
def _find_or_make(person: Person) -> User:
    user = User.objects.filter(workos_user_id=person.workos_user_id).first() or _local_account(person)
    if user is None:
        user = User()
        user.set_unusable_password()
    _assign(user, person)
    return user


def _local_account(person: Person) -> User | None:
    """Return the local account that has the person's address.

    Return ``None`` if no local account has the address, or if WorkOS has not verified the address.
    """
    if not person.email_verified:
        return None
    return User.objects.filter(email=person.email, workos_user_id=None).first()


def _assign(user: User, person: Person) -> None:
    """Save the WorkOS user id, the address and the name of ``person`` in ``user``.

    A verified address becomes the address of ``user``. If a local account other than ``user`` has this
    address, raise ``NotAdmitted``.

    An unverified address does not become the address of ``user``. If ``user`` is a new account and another
    account has the unverified address, raise ``NotAdmitted``.

    If the hub cannot use the address, raise ``NotAdmitted``.
    """
    if not person.email:
        raise NotAdmitted("address")
    # An address that WorkOS has not verified never becomes the account's address: in mode local,
    # ``super_admin_emails`` trusts the addresses of accounts.
    if person.email_verified:
        _free_address(user, person)
    elif not user.pk:
        _refuse_known_address(person)
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
        # Save only these columns: an administrator may be changing others at this moment.
        user.save(update_fields=changed if user.pk else None)


def _placeholder(owner: Person | User, domain: str) -> str:
    """Return a placeholder address in ``domain``. No other WorkOS user gets the same address."""
    return f"{owner.workos_user_id}@{domain}".lower()


def _refuse_known_address(person: Person) -> None:
    """Raise ``NotAdmitted`` if an account has the person's unverified address."""
    # The account may be the person's own. So the person must verify the address, and gets no second account.
    if User.objects.filter(email=person.email).exists():
        raise NotAdmitted("unverified")


def _free_address(user: User, person: Person) -> None:
    """Make sure that no other account has the person's verified address.

    If the account of another WorkOS user has the address, replace the address of that account with a
    placeholder. If a local account has the address, raise ``NotAdmitted``.
    """
    other = User.objects.filter(email=person.email).exclude(pk=user.pk).first()
    if other is None:
        return
    if other.workos_user_id is None:  # a local account cannot be merged into the existing ``user``
        raise NotAdmitted("taken")
    logger.warning("account %s lost its e-mail address: another WorkOS user has this address now", other.pk)
    other.email, other.verified_email = _placeholder(other, FORMER), ""
    other.save(update_fields=["email", "verified_email"])
