"""Makes the keyring of an install, and gives each unlocker of the project a slot."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable

from config_app.declaration.reserved import SALT_KEY
from config_app.encryption import install_keyring, key_tables
from config_app.encryption.derivation import new_salt, read_salt
from config_app.encryption.keyring import Keyring, new_keyring
from config_app.encryption.slots import Slot, opened, public_key
from config_app.encryption.unlockers import Unlocker
from config_app.errors import KeyringLocked
from config_app.models import SystemConfig

logger = logging.getLogger("config_app")


def ensure_keyring() -> None:
    """If the install has no keyring, make a keyring with a slot for each unlocker of the project.

    If the install has a keyring, add the missing slots. Call this function only within ``store.writing``.
    """
    # A new key would make the existing secrets unreadable for ever, so a locked keyring stays locked (K2).
    if not install_keyring.exists():
        make_keyring(install_keyring.unlockers())
    elif lacks_slot():  # in a project that does nothing at its start
        ensure_slots()


def make_keyring(unlockers: Iterable[Unlocker]) -> Keyring:
    """Make a new keyring with a slot for each unlocker, and return the keyring."""
    salt = new_salt()
    SystemConfig.objects.update_or_create(config_key=SALT_KEY, defaults={"config_value": salt})
    keyring = new_keyring(read_salt(salt))
    key_tables.save_keys(keyring.keys)
    for unlocker in unlockers:
        unlocker.create()
        key_tables.save_slot(keyring.slot_for(unlocker))
    install_keyring.use_after_commit(keyring)
    return keyring


def ensure_slots() -> None:
    """If an unlocker of the project has no slot, for example on a new machine, add a slot.

    Call this function only within ``store.writing``. If no key unlocks the keyring, log the reason and add
    nothing.
    """
    try:
        keyring = install_keyring.unlock_again()
        key_tables.save_keys(keyring.keys)
        for unlocker in install_keyring.unlockers():
            if not is_settled(unlocker, keyring):
                unlocker.create()
                enrol(unlocker, keyring)
    except KeyringLocked as error:  # the application still works, without its secrets
        logger.error("%s", error)


def enrol(unlocker: Unlocker, keyring: Keyring) -> int:
    """Add a slot with all data keys for ``unlocker``, and return the id of the slot.

    If the unlocker already has a slot, replace this slot. Call this function only within ``store.writing``.
    """
    slot = keyring.slot_for(unlocker)
    before = _slot_of(unlocker, keyring, slot.public_key)
    # An earlier version of the code reads only `wrapped`, so the new slot keeps it until a rotation (R16).
    wrapped = before.wrapped if before else ""
    return key_tables.save_slot(dataclasses.replace(slot, pk=before.pk if before else None, wrapped=wrapped))


def _slot_of(unlocker: Unlocker, keyring: Keyring, public: str) -> Slot | None:
    salt = read_salt(keyring.salt)
    slots = [slot for slot in key_tables.read_slots() if slot.kind == unlocker.kind]
    same = (slot for slot in slots if slot.public_key == public)
    former = (s for s in slots if s.is_of_an_earlier_version and opened(s, unlocker, salt))
    return next(same, None) or next(former, None)


def is_settled(unlocker: Unlocker, keyring: Keyring) -> bool:
    """Return whether ``unlocker`` needs no new slot.

    An unlocker needs no new slot if the unlocker already has a complete slot or was retired.
    """
    slots = key_tables.read_slots()
    if is_retired(unlocker, slots, read_salt(keyring.salt)):
        return True
    return keyring.opens_with(unlocker, [slot for slot in slots if not slot.is_of_an_earlier_version])


def is_retired(unlocker: Unlocker, slots: Iterable[Slot], salt: bytes) -> bool:
    """Return whether ``unlocker`` was retired. A retired unlocker must never unlock the keyring again."""
    if not unlocker.available:
        return False
    public = public_key(unlocker, salt)
    return any(slot.retired and slot.public_key == public for slot in slots)


def lacks_slot() -> bool:
    """Return whether the next start must add a slot for an unlocker of the project.

    If there is no keyring yet, return ``True``. If the keyring is locked, return ``False``, because then no
    slot can be added.
    """
    if not install_keyring.exists():
        return True
    try:
        keyring = install_keyring.get_keyring()
        return not all(is_settled(unlocker, keyring) for unlocker in install_keyring.unlockers())
    except KeyringLocked:
        return False


def slot_kinds() -> list[str]:
    """Return the kind of each slot that is not retired, such as ``machine`` or ``shared``."""
    return [kind for kind, _is_confirmed in key_tables.kinds()]


def retired_kinds() -> set[str]:
    """Return the kinds of the configured keys that were retired.

    Raise ``KeyringLocked`` if no key unlocks the keyring.
    """
    keyring, slots = install_keyring.newest_with_slots()
    salt = read_salt(keyring.salt)
    return {unlocker.kind for unlocker in install_keyring.unlockers() if is_retired(unlocker, slots, salt)}


def opening_kinds() -> dict[str, bool]:
    """Return a dict that maps the kind of each available key to whether this key unlocks the keyring.

    Raise ``KeyringLocked`` if no available key unlocks the keyring.
    """
    keyring, slots = install_keyring.newest_with_slots()
    available = [unlocker for unlocker in install_keyring.unlockers() if unlocker.available]
    return {unlocker.kind: keyring.opens_with(unlocker, slots) for unlocker in available}
