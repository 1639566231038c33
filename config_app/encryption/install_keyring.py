"""This process's keyring: unlocked once from the slots in the database, made once per install."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable

from config_app import store
from config_app.declaration.reserved import SALT_KEY
from config_app.encryption.keyring import (
    Keyring,
    Slot,
    Unlocker,
    new_keyring,
    new_salt,
    read_salt,
    unlock,
)
from config_app.errors import KeyringLocked
from config_app.models import Change, KeySlot, SystemConfig
from config_app.problems import Problem
from config_app.project import get_project
from config_app.store.failures import database_errors
from config_app.store.forking import open_in_children

logger = logging.getLogger("config_app")

_lock = open_in_children(threading.Lock())
_keyring: Keyring | None = None


def get_keyring() -> Keyring:
    """Return the unlocked keyring; raise ``KeyringLocked`` with the reason and the cure."""
    global _keyring  # noqa: PLW0603 - one keyring a process
    if _keyring is None:
        with _lock:
            _keyring = _unlock()
    return _keyring


def follow_salt(salt: str | None) -> Problem | None:
    """Unlock anew where the database has another salt than this process's keyring, as a restored one may.

    Where that fails, the process keeps its keyring, and what will become of the secrets is a problem.
    """
    global _keyring  # noqa: PLW0603
    if _keyring is None or salt == _keyring.salt:
        return None
    try:
        _keyring = _unlock()
    except KeyringLocked as error:
        message = f"{SALT_KEY} was changed in the database, so after a restart no secret can be decrypted"
        return Problem(code="keyring_locked", message=message, fix=f"{error}", severity="error")
    return None


def is_locked() -> bool:
    """Tell whether no key at hand unlocks the keyring."""
    try:
        get_keyring()
    except KeyringLocked:
        return True
    return False


def forget() -> None:
    """Unlock anew on the next use."""
    global _keyring  # noqa: PLW0603
    _keyring = None


def _slots() -> list[Slot]:
    with database_errors():
        return [Slot(*row) for row in KeySlot.objects.order_by("pk").values_list("kind", "wrapped")]


def _unlock() -> Keyring:
    salt, slots = store.read().salt, _slots()
    if salt is None:
        if slots:
            raise KeyringLocked(f"{SALT_KEY} is gone from the database", "restore it from a backup")
        raise KeyringLocked("the keyring was not made yet", "run the bootstrap of this project")
    return unlock(slots, get_project().unlockers(), read_salt(salt))


def ensure_keyring() -> None:
    """Make the keyring where there is none, with a slot for every key at hand; only within ``writing``.

    Where secrets or slots exist already, no key is ever made: what cannot be unlocked stays locked (K2).
    """
    if not exists():
        _make(get_project().unlockers())


def slot_kinds() -> list[str]:
    """Return the kind of key that each stored slot is for."""
    return [slot.kind for slot in _slots()]


def opening_kinds() -> dict[str, bool]:
    """Return for each kind of key at hand whether it unlocks; raise ``KeyringLocked`` where none does."""
    found, slots = get_keyring(), _slots()
    at_hand = [unlocker for unlocker in get_project().unlockers() if unlocker.available]
    return {unlocker.kind: found.opens_with(unlocker, slots) for unlocker in at_hand}


def lacks_slot() -> bool:
    """Tell whether there is a kind of key at hand for which no slot was made yet."""
    kinds = {slot.kind for slot in _slots()}
    return any(unlocker.kind not in kinds for unlocker in get_project().unlockers())


def exists() -> bool:
    """Tell whether there is a keyring, or anything that was encrypted with one."""
    secrets = SystemConfig.objects.filter(is_secret=True).exists()
    return secrets or KeySlot.objects.exists() or Change.objects.filter(is_secret=True).exists()


def _make(unlockers: Iterable[Unlocker]) -> None:
    salt = new_salt()
    SystemConfig.objects.update_or_create(config_key=SALT_KEY, defaults={"config_value": salt})
    keyring = new_keyring(read_salt(salt))
    for unlocker in unlockers:
        unlocker.create()
        _save(keyring.wrap(unlocker))


def ensure_slots() -> None:
    """Let a key that was configured later, or is another machine's, unlock too; only within ``writing``.

    Does nothing while no key at hand unlocks: without secrets the rest still works.
    """
    try:
        keyring, slots = _unlock(), _slots()
        for unlocker in get_project().unlockers():
            if not keyring.opens_with(unlocker, slots):
                unlocker.create()
                _save(keyring.wrap(unlocker))
    except KeyringLocked as error:
        logger.error("%s", error)


def _save(slot: Slot) -> None:
    KeySlot.objects.create(kind=slot.kind, wrapped=slot.wrapped)
