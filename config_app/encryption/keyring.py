"""The data key that encrypts secrets, and the ways to unlock it. No Django, no database.

Secrets are encrypted with Fernet under a subkey of their own: HKDF-SHA256 (RFC 5869) of the random
data key, bound to the installation and to the setting, so that a ciphertext moved to another row or
another installation does not decrypt. The data key is stored only wrapped, once per slot; a slot's
key-encryption key comes from something that the database does not hold.
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

# cryptography is imported where it is used: most commands touch no secret, and it takes longer to load
# than they take to run.

SALT_BYTES = 16
KEY_BYTES = 32
MACHINE_ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


def new_salt() -> str:
    """Return a random salt, hexadecimal."""
    return secrets.token_hex(SALT_BYTES)


def read_salt(text: str) -> bytes:
    """Return the bytes of a stored salt; raise ``KeyringLocked`` where it was mangled."""
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
    """Return the operating system's machine id; empty where there is none, as in many containers."""
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
    """Unlocks with this machine: its id and the 0600 key file in the instance directory."""

    key_file: Path
    kind: str = "machine"

    @property
    def available(self) -> bool:
        """Tell whether there is a key file to try."""
        return self.key_file.exists()

    def create(self) -> None:
        """Write a random key file unless there is one; never overwrites."""
        try:
            publish_once(self.key_file, base64.urlsafe_b64encode(os.urandom(KEY_BYTES)) + b"\n")
        except OSError as error:
            why = f"the key file {self.key_file} cannot be written: {error.strerror}"
            raise KeyringLocked(why, "make room for it") from None

    def key_encryption_key(self, salt: bytes) -> bytes:
        """Return the key that wraps the data key on this machine; raise ``KeyringLocked``.

        The key file alone carries the entropy; a machine id is world-readable, and in containers
        empty or shared, so it only adds to the key, never makes it.
        """
        material = read_private(self.key_file).strip()
        if len(material) < KEY_BYTES:
            raise KeyringLocked(f"the key file {self.key_file} is damaged", "restore it from a backup")
        return _hkdf(material + b"|" + machine_id(), salt, "config_app machine slot 1")


@dataclasses.dataclass(frozen=True, slots=True)
class SharedUnlocker:
    """Unlocks with a key that several machines, or a container's orchestrator, hold."""

    shared_key: Secret
    kind: str = "shared"

    @property
    def available(self) -> bool:
        """Tell that the key is at hand, as it always is."""
        return True

    def create(self) -> None:
        """Do nothing: the key comes from outside."""

    def key_encryption_key(self, salt: bytes) -> bytes:
        """Return the key that wraps the data key; scrypt, as people choose these keys themselves."""
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

        kdf = Scrypt(salt=salt, length=KEY_BYTES, n=2**14, r=8, p=1)
        return kdf.derive(self.shared_key.reveal().encode())


Unlocker = MachineUnlocker | SharedUnlocker


@dataclasses.dataclass(frozen=True, slots=True)
class Slot:
    """The data key as one unlocker wrapped it."""

    kind: str
    wrapped: str


class Keyring:
    """An unlocked data key."""

    __slots__ = ("_data_key", "_salt", "_subkey")

    def __init__(self, data_key: bytes, salt: bytes) -> None:
        """Take the data key and the salt that names this installation."""
        self._data_key = data_key
        self._salt = salt
        self._subkey = functools.cache(self._derive_subkey)

    def _derive_subkey(self, setting_key: str) -> Fernet:
        return _fernet(self.derive(f"setting:{setting_key}"))

    def __repr__(self) -> str:
        """Show nothing of the key."""
        return "<Keyring>"

    @property
    def salt(self) -> str:
        """Return the salt as it is stored."""
        return self._salt.hex()

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes that belong to ``purpose`` in this installation."""
        return _hkdf(self._data_key, self._salt, f"config_app {purpose}")

    def encrypt(self, setting_key: str, text: str) -> str:
        """Return the ciphertext of ``text``, readable only as the value of ``setting_key``."""
        return self._subkey(setting_key).encrypt(text.encode()).decode()

    def decrypt(self, setting_key: str, ciphertext: str) -> str:
        """Return the text of a ciphertext; raise ``DecryptionFailed``."""
        from cryptography.fernet import InvalidToken

        try:
            return self._subkey(setting_key).decrypt(ciphertext.encode()).decode()
        except (InvalidToken, UnicodeError):
            raise DecryptionFailed(setting_key) from None

    def opens_with(self, unlocker: Unlocker, slots: Iterable[Slot]) -> bool:
        """Tell whether ``unlocker`` gets this data key out of one of ``slots``; raise ``KeyringLocked``."""
        if not unlocker.available:
            return False
        key = unlocker.key_encryption_key(self._salt)
        return any(slot.kind == unlocker.kind and _unwrap(slot, key) == self._data_key for slot in slots)

    def wrap(self, unlocker: Unlocker) -> Slot:
        """Return the data key wrapped for ``unlocker``."""
        wrapped = _fernet(unlocker.key_encryption_key(self._salt)).encrypt(self._data_key)
        return Slot(unlocker.kind, wrapped.decode())


def new_keyring(salt: bytes) -> Keyring:
    """Return a keyring with a fresh random data key."""
    return Keyring(os.urandom(KEY_BYTES), salt)


def unlock(slots: Iterable[Slot], unlockers: Iterable[Unlocker], salt: bytes) -> Keyring:
    """Return the keyring that the first fitting unlocker opens; raise ``KeyringLocked``."""
    slots, reasons = list(slots), []
    for unlocker in unlockers:
        if not unlocker.available:
            reasons.append(f"the {unlocker.kind} key is missing")
            continue
        key = unlocker.key_encryption_key(salt)
        for slot in slots:
            if slot.kind == unlocker.kind and (data_key := _unwrap(slot, key)):
                return Keyring(data_key, salt)
        reasons.append(f"the {unlocker.kind} key does not fit")
    raise KeyringLocked(
        "; ".join(reasons) or "no key is configured",
        "bring back the key file or the shared key that this database was used with",
    )


def _unwrap(slot: Slot, key: bytes) -> bytes | None:
    from cryptography.fernet import InvalidToken

    try:
        return _fernet(key).decrypt(slot.wrapped.encode())
    except (InvalidToken, UnicodeError):
        return None
