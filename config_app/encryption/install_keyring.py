"""The keyring of this install: created once, stored in the database's slots, unlocked once per process."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Iterable
from contextvars import ContextVar

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
from config_app.store.process import process
from config_app.store.transactions import UntilCommit

logger = logging.getLogger("config_app")

_lock = open_in_children(threading.Lock())


class _Unlocked:
    """The unlocked keyring of this process. Until the commit, only its own transaction has a new keyring."""

    def __init__(self) -> None:
        self.keyring: Keyring | None = None
        self.made: ContextVar[tuple[Keyring, UntilCommit] | None] = ContextVar(
            "config_app_made", default=None
        )

    def reset(self) -> None:
        self.keyring = None
        self.made.set(None)

    def of_transaction(self) -> Keyring | None:
        """Return the keyring that the caller's open transaction made; ``None`` if it made none."""
        made = self.made.get()
        return made[0] if made and made[1].is_pending() else None


_unlocked = process.keep(_Unlocked())


def get_keyring() -> Keyring:
    """Return the unlocked keyring; raise ``KeyringLocked``, with the reason and the fix, if that fails."""
    if (made := _unlocked.of_transaction()) is not None:
        return made
    if _unlocked.keyring is None:
        with _lock:
            _unlocked.keyring = _unlock()
    return _unlocked.keyring


def follow_salt(salt: str | None) -> Problem | None:
    """Unlock the keyring again if the database's ``salt`` is not the one of this process's keyring.

    Return a problem if that fails, and keep the old keyring. Return ``None`` otherwise.
    """
    # The salt changes when a backup of another install is restored while this process runs.
    if _unlocked.keyring is None or salt == _unlocked.keyring.salt or _unlocked.of_transaction() is not None:
        return None
    try:
        _unlocked.keyring = _unlock()
    except KeyringLocked as error:
        message = f"{SALT_KEY} was changed in the database; after a restart, no secret can be decrypted"
        return Problem(code="keyring_locked", message=message, fix=f"{error}", severity="error")
    return None


def is_locked() -> bool:
    """Return whether the keyring cannot be unlocked with the keys that this process has."""
    try:
        get_keyring()
    except KeyringLocked:
        return True
    return False


def _slots() -> list[Slot]:
    with database_errors():
        return [Slot(*row) for row in KeySlot.objects.order_by("pk").values_list("kind", "wrapped")]


def _unlock() -> Keyring:
    salt, slots = store.read().salt, _slots()
    if salt is None:
        if slots:
            raise KeyringLocked(f"{SALT_KEY} is missing from the database", "restore it from a backup")
        raise KeyringLocked("the keyring does not exist yet", "it is made when the first secret is set")
    return unlock(slots, get_project().unlockers(), read_salt(salt))


def ensure_keyring() -> None:
    """Create the keyring if there is none, with a slot for each available key.

    Call it only within ``store.writing``.
    """
    # A new key would make the existing secrets unreadable for ever, so a locked keyring stays locked (K2).
    if not exists():
        _make(get_project().unlockers())


def slot_kinds() -> list[str]:
    """Return the kind of each stored slot, such as ``machine`` or ``shared``."""
    return [slot.kind for slot in _slots()]


def opening_kinds() -> dict[str, bool]:
    """Return, for each kind of available key, whether it unlocks the keyring.

    Raise ``KeyringLocked`` if no key does.
    """
    keyring, slots = get_keyring(), _slots()
    available = [unlocker for unlocker in get_project().unlockers() if unlocker.available]
    return {unlocker.kind: keyring.opens_with(unlocker, slots) for unlocker in available}


def lacks_slot() -> bool:
    """Return whether one of the project's ways to unlock the keyring has no slot yet."""
    kinds = {slot.kind for slot in _slots()}
    return any(unlocker.kind not in kinds for unlocker in get_project().unlockers())


def exists() -> bool:
    """Return whether there is a slot or a secret in the database, including secrets in the history."""
    secrets = SystemConfig.objects.filter(is_secret=True).exists()
    return secrets or KeySlot.objects.exists() or Change.objects.filter(is_secret=True).exists()


def _make(unlockers: Iterable[Unlocker]) -> None:
    salt = new_salt()
    SystemConfig.objects.update_or_create(config_key=SALT_KEY, defaults={"config_value": salt})
    keyring = new_keyring(read_salt(salt))
    for unlocker in unlockers:
        unlocker.create()
        _save(keyring.wrap(unlocker))
    # If the transaction is rolled back, this keyring must be forgotten: the next one has another data key.
    _unlocked.made.set((keyring, UntilCommit(functools.partial(setattr, _unlocked, "keyring", keyring))))


def ensure_slots() -> None:
    """Add a slot for each of the project's keys that has none, such as the key of another machine.

    Call it only within ``store.writing``. If no key unlocks the keyring, log the reason and add nothing.
    """
    try:
        keyring, slots = _unlock(), _slots()
        for unlocker in get_project().unlockers():
            if not keyring.opens_with(unlocker, slots):
                unlocker.create()
                _save(keyring.wrap(unlocker))
    except KeyringLocked as error:  # the application still works, without its secrets
        logger.error("%s", error)


def _save(slot: Slot) -> None:
    KeySlot.objects.create(kind=slot.kind, wrapped=slot.wrapped)
