"""The data key that encrypts secrets, and the ways to unlock it; uses neither Django nor the database.

Each setting has its own subkey: HKDF-SHA256 (RFC 5869) of the random data key, with the install's salt and
the setting's key. Fernet encrypts the secret with that subkey. A ciphertext that is moved to another row or
another install therefore does not decrypt.

The data key is stored only in wrapped form, once per slot. The key-encryption key of a slot is derived from
something that is not in the database.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from config_app.declaration.reserved import SALT_KEY
from config_app.declaration.secret import Secret
from config_app.encryption.private_files import publish_once, read_private
from config_app.errors import DecryptionFailed, KeyringLocked

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

# Functions import cryptography when they need it. Most commands use no secret, and loading the library takes
# longer than running them.

SALT_BYTES = 16
KEY_BYTES = 32
MACHINE_ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


def new_salt() -> str:
    """Return a new random salt in hexadecimal."""
    return secrets.token_hex(SALT_BYTES)


def read_salt(text: str) -> bytes:
    """Return the bytes of a stored salt; raise ``KeyringLocked`` if it is damaged."""
    try:
        salt = bytes.fromhex(text)
    except ValueError:
        salt = b""
    if len(salt) != SALT_BYTES:
        raise KeyringLocked(f"{SALT_KEY} in the database is damaged", "restore it from a backup")
    return salt


def _hkdf(key_material: bytes, salt: bytes, info: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=info.encode()).derive(key_material)


def _fernet(key: bytes) -> Fernet:
    from cryptography.fernet import Fernet

    return Fernet(base64.urlsafe_b64encode(key))


def machine_id() -> bytes:
    """Return the operating system's machine id; empty if there is none, as in many containers."""
    for path in MACHINE_ID_FILES:
        try:
            text = path.read_bytes().strip()
        except OSError:
            continue
        if text:
            return text
    return b""


@dataclasses.dataclass(frozen=True, slots=True)
class MachineUnlocker:
    """Unlocks the keyring with this machine's id and the 0600 key file in the instance directory."""

    key_file: Path
    kind: str = "machine"

    @property
    def available(self) -> bool:
        """Return whether the key file exists."""
        return self.key_file.exists()

    def create(self) -> None:
        """Write a new random key file, unless one exists; raise ``KeyringLocked`` if that fails."""
        try:
            publish_once(self.key_file, base64.urlsafe_b64encode(os.urandom(KEY_BYTES)) + b"\n")
        except OSError as error:
            why = f"the key file {self.key_file} cannot be written: {error.strerror}"
            raise KeyringLocked(why, "check the free space and who may write there") from None

    def key_encryption_key(self, salt: bytes) -> bytes:
        """Return the key that wraps the data key on this machine.

        Raise ``KeyringLocked`` if the key file is damaged or cannot be read, or if other users can read it.
        """
        # All entropy comes from the key file. The machine id is readable by everyone and can be empty or
        # shared in containers, so it is no replacement for the file.
        material = read_private(self.key_file).strip()
        if len(material) < KEY_BYTES:
            del material  # keeps it out of the traceback's local variables
            raise KeyringLocked(f"the key file {self.key_file} is damaged", "restore it from a backup")
        return _hkdf(material + b"|" + machine_id(), salt, "config_app machine slot 1")


@dataclasses.dataclass(frozen=True, slots=True)
class SharedUnlocker:
    """Unlocks the keyring with a shared key, which the operator gives to several machines or containers."""

    shared_key: Secret
    kind: str = "shared"

    @property
    def available(self) -> bool:
        """Return True: the key is always available."""
        return True

    def create(self) -> None:
        """Do nothing: the operator supplies the key."""

    def key_encryption_key(self, salt: bytes) -> bytes:
        """Return the key that wraps the data key, derived from the shared key with scrypt."""
        # scrypt makes guessing slow. People choose shared keys, so these may be easier to guess.
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

        kdf = Scrypt(salt=salt, length=KEY_BYTES, n=2**14, r=8, p=1)
        return kdf.derive(self.shared_key.reveal().encode())


Unlocker = MachineUnlocker | SharedUnlocker


@dataclasses.dataclass(frozen=True, slots=True)
class Slot:
    """The data key, wrapped for one kind of unlocker."""

    kind: str
    wrapped: str


class Keyring:
    """The unlocked data key of one install; encrypts and decrypts its secrets."""

    __slots__ = ("_data_key", "_salt", "_subkey")

    def __init__(self, data_key: bytes, salt: bytes) -> None:
        """Keep the data key and the salt, which identifies the install."""
        self._data_key = data_key
        self._salt = salt
        self._subkey = functools.cache(self._derive_subkey)

    def _derive_subkey(self, setting_key: str) -> Fernet:
        return _fernet(self.derive(f"setting:{setting_key}"))

    def __repr__(self) -> str:
        """Return a text without the key."""
        return "<Keyring>"

    @property
    def salt(self) -> str:
        """Return the salt in hexadecimal, as it is stored."""
        return self._salt.hex()

    def derive(self, purpose: str) -> bytes:
        """Return a 32-byte key for ``purpose``; within one install, it is always the same key."""
        return _hkdf(self._data_key, self._salt, f"config_app {purpose}")

    def encrypt(self, setting_key: str, text: str) -> str:
        """Return the ciphertext of ``text``; it can be decrypted only for the same setting."""
        return self._subkey(setting_key).encrypt(text.encode()).decode()

    def decrypt(self, setting_key: str, ciphertext: str) -> str:
        """Return the decrypted text; raise ``DecryptionFailed`` if it was not encrypted for this setting."""
        from cryptography.fernet import InvalidToken

        try:
            return self._subkey(setting_key).decrypt(ciphertext.encode()).decode()
        except (InvalidToken, UnicodeError):
            raise DecryptionFailed(setting_key) from None

    def opens_with(self, unlocker: Unlocker, slots: Iterable[Slot]) -> bool:
        """Return whether ``unlocker`` unwraps this data key from one of ``slots``.

        Raise ``KeyringLocked`` if the unlocker's key cannot be read.
        """
        if not unlocker.available:
            return False
        key = unlocker.key_encryption_key(self._salt)
        return any(slot.kind == unlocker.kind and _unwrap(slot, key) == self._data_key for slot in slots)

    def wrap(self, unlocker: Unlocker) -> Slot:
        """Return the data key wrapped for ``unlocker``."""
        wrapped = _fernet(unlocker.key_encryption_key(self._salt)).encrypt(self._data_key)
        return Slot(unlocker.kind, wrapped.decode())


def new_keyring(salt: bytes) -> Keyring:
    """Return a keyring with a new random data key."""
    return Keyring(os.urandom(KEY_BYTES), salt)


def unlock(slots: Iterable[Slot], unlockers: Iterable[Unlocker], salt: bytes) -> Keyring:
    """Return the keyring, unlocked with the first unlocker that fits a slot.

    Raise ``KeyringLocked`` if none fits, or if the key of an unlocker cannot be read.
    """
    slots, reasons = list(slots), []
    for unlocker in unlockers:
        if not unlocker.available:
            reasons.append(f"the {unlocker.kind} key is missing")
            continue
        if data_key := _open(unlocker, slots, salt):
            return Keyring(data_key, salt)
        reasons.append(f"the {unlocker.kind} key does not fit")
    raise KeyringLocked(
        "; ".join(reasons) or "no key is configured",
        "restore the key file or the shared key that was used with this database",
    )


def _open(unlocker: Unlocker, slots: Iterable[Slot], salt: bytes) -> bytes | None:
    """Return the data key from the first slot that ``unlocker`` fits, or ``None``."""
    # A function of its own: the traceback of KeyringLocked must not hold this key in a local variable.
    key = unlocker.key_encryption_key(salt)
    fitting = (_unwrap(slot, key) for slot in slots if slot.kind == unlocker.kind)
    return next(filter(None, fitting), None)


def _unwrap(slot: Slot, key: bytes) -> bytes | None:
    from cryptography.fernet import InvalidToken

    try:
        return _fernet(key).decrypt(slot.wrapped.encode())
    except (InvalidToken, UnicodeError):
        return None
