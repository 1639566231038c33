"""The keyring: the unlocked data keys of one install. This module uses neither Django nor the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from config_app.declaration.reserved import key_id_of
from config_app.encryption.data_keys import DataKey, new_data_key
from config_app.encryption.slots import Slot, new_slot, opened, why_closed
from config_app.encryption.unlockers import RECOVERY, Unlocker
from config_app.errors import DecryptionFailed, KeyringLocked

BRING_BACK = "restore the key file or the shared key that was used with this database"
GIVE_UP = "if no key is left, run manage.py config keys abandon"


class Keyring:
    """The unlocked data keys of one install. These keys encrypt and decrypt the secrets of this install."""

    __slots__ = ("_by_id", "_salt", "keys")

    def __init__(self, keys: Iterable[DataKey], salt: bytes) -> None:
        """Create a keyring from at least one data key and the salt of the install."""
        self.keys: Sequence[DataKey] = sorted(keys, key=lambda key: key.number)
        self._by_id = {key.key_id: key for key in self.keys}
        self._salt = salt

    def __repr__(self) -> str:
        """Return a text without the keys."""
        return "<Keyring>"

    @property
    def newest(self) -> DataKey:
        """Return the newest data key, which encrypts new secrets."""
        return self.keys[-1]

    @property
    def salt(self) -> str:
        """Return the salt in hexadecimal, as it is stored."""
        return self._salt.hex()

    def has_key(self, key_id: str) -> bool:
        """Return whether the keyring has the data key with this id."""
        return key_id in self._by_id

    def derive(self, purpose: str) -> bytes:
        """Return a 32-byte key for ``purpose``. The key stays the same until the next rotation."""
        return self.newest.derive(purpose)

    def encrypt(self, name: str, text: str) -> str:
        """Encrypt ``text`` and return the ciphertext. ``decrypt`` must be called with the same ``name``."""
        return self.newest.encrypt(name, text)

    def decrypt(self, name: str, ciphertext: str) -> str:
        """Return the decrypted text.

        Raise ``DecryptionFailed`` if no data key of this keyring decrypts the ciphertext under this ``name``.
        """
        key = self._by_id.get(key_id_of(ciphertext) or "")
        if key is None:
            raise DecryptionFailed(name)
        return key.decrypt(name, ciphertext)

    def renew(self, name: str, ciphertext: str) -> str:
        """Re-encrypt ``ciphertext`` with the newest data key, and return the new ciphertext.

        A second call with the same arguments returns the same ciphertext. Raise ``DecryptionFailed`` if
        ``ciphertext`` cannot be decrypted.
        """
        return self.newest.encrypt_in_place_of(ciphertext, name, self.decrypt(name, ciphertext))

    def with_new_key(self) -> Keyring:
        """Return a keyring with the data keys of this keyring and a new random data key."""
        return Keyring([*self.keys, new_data_key(self._salt, self.newest.number + 1)], self._salt)

    def slot_for(self, unlocker: Unlocker) -> Slot:
        """Return a new slot with all data keys; raise ``KeyringLocked`` if the unlocker has no usable key."""
        return new_slot(unlocker, self.keys, self._salt)

    def opens_with(self, unlocker: Unlocker, slots: Iterable[Slot]) -> bool:
        """Return whether ``unlocker`` can read the newest data key in one of ``slots``.

        Raise ``KeyringLocked`` if the unlocker's key cannot be read.
        """
        if not unlocker.available:
            return False
        found = (opened(slot, unlocker, self._salt) for slot in slots)
        return any(keys and keys[-1].exposed() == self.newest.exposed() for keys in found)


def new_keyring(salt: bytes) -> Keyring:
    """Return a keyring with a new random data key."""
    return Keyring([new_data_key(salt)], salt)


def unlock(
    slots: Iterable[Slot], unlockers: Iterable[Unlocker], salt: bytes, newest: int | None = None
) -> Keyring:
    """Unlock the keyring with the first unlocker that opens a slot, and return the keyring.

    ``newest`` is the number of the newest data key. A slot without this data key is not used. Raise
    ``KeyringLocked`` if no unlocker opens a slot, or if the key of an unlocker cannot be read.
    """
    slots, reasons = list(slots), []
    for unlocker in unlockers:
        if not unlocker.available:
            reasons.append(f"the {unlocker.kind} key is missing")
            continue
        if found := _opened(slots, unlocker, salt):
            if newest is None or found.newest.number == newest:
                return found
            reasons.append(f"the {unlocker.kind} key opens only data keys from before the last rotation")
            continue
        reasons.append(f"the {unlocker.kind} key does not fit: {why_closed(slots, unlocker, salt)}")
    raise KeyringLocked("; ".join(reasons) or "no key is configured", _way_forward(slots))


def _opened(slots: Iterable[Slot], unlocker: Unlocker, salt: bytes) -> Keyring | None:
    """Return the keyring from the first slot that ``unlocker`` opens.

    Return ``None`` if ``unlocker`` opens no slot.
    """
    # This is a separate function: the traceback of KeyringLocked must have no local variable with a data key.
    found = next(filter(None, (opened(slot, unlocker, salt) for slot in slots)), None)
    return Keyring(found, salt) if found else None


def _way_forward(slots: Iterable[Slot]) -> str:
    codes = [slot.label for slot in slots if slot.kind == RECOVERY and not slot.retired]
    if not codes:
        return f"{BRING_BACK}; {GIVE_UP}"
    return f"{BRING_BACK}, or run manage.py unlock and enter the {codes[-1]}; {GIVE_UP}"
