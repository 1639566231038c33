"""The unlockers of the keyring: this machine, a shared key and a recovery code.

Each unlocker derives a key-encryption key from something that is not in the database.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import functools
import os
import socket
from pathlib import Path
from typing import Protocol

from config_app.declaration.secret import Secret
from config_app.encryption.derivation import KEY_BYTES, hkdf
from config_app.encryption.private_files import LARGEST, publish_once, read_private, read_regular
from config_app.errors import KeyringLocked

MACHINE_ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
MACHINE, SHARED, RECOVERY = "machine", "shared", "recovery"
MIN_SHARED_KEY = 32
"""The minimum length of a shared key, in characters. A thief of the database could guess a shorter key."""


class Unlocker(Protocol):
    """One way to unlock the keyring. ``kind`` is ``machine``, ``shared`` or ``recovery``."""

    @property
    def kind(self) -> str:
        """Return the kind of the slots that this unlocker can open."""

    @property
    def available(self) -> bool:
        """Return whether the unlocker has its key."""

    def create(self) -> None:
        """Make the key if there is none and if this kind of unlocker can make keys."""

    def label(self) -> str:
        """Return a readable name for the slot."""

    def key_encryption_key(self, salt: bytes) -> bytes:
        """Return the 32-byte key from which the keys of the slot are derived."""

    def fingerprints(self, salt: bytes) -> tuple[str, str]:
        """Return the fingerprints of the machine id and of the key file.

        Return two empty texts if the unlocker uses neither a machine id nor a key file. If a slot cannot be
        opened, a comparison with the slot's fingerprints shows whether the machine id or the key file is
        another one. The fingerprints reveal nothing else.
        """


def machine_id() -> bytes:
    """Return the operating system's machine id. Return ``b""`` if there is none, as in many containers."""
    for path in MACHINE_ID_FILES:
        try:
            text = read_regular(path, LARGEST).strip()
        except OSError:
            continue
        if text:
            return text
    return b""


@dataclasses.dataclass(frozen=True, slots=True)
class MachineUnlocker:
    """Unlocks the keyring with this machine's id and the 0600 key file in the instance directory."""

    key_file: Path
    kind: str = MACHINE

    @property
    def available(self) -> bool:
        """Return whether the key file exists."""
        return self.key_file.exists()

    def create(self) -> None:
        """If there is no key file, write a file with a random key; raise ``KeyringLocked`` if that fails."""
        try:
            publish_once(self.key_file, base64.urlsafe_b64encode(os.urandom(KEY_BYTES)) + b"\n")
        except OSError as error:
            why = f"the key file {self.key_file} cannot be written: {error.strerror}"
            raise KeyringLocked(why, "check the free space and the permissions of the folder") from None

    def label(self) -> str:
        """Return the name of this machine."""
        return socket.gethostname()

    def key_encryption_key(self, salt: bytes) -> bytes:
        """Return the key-encryption key of this machine.

        Raise ``KeyringLocked`` if the key file is damaged or cannot be read, or if other users can read it.
        """
        # All entropy comes from the key file. The machine id is readable by everyone and can be empty or
        # shared in containers, so it is no replacement for the file.
        return hkdf(self._material() + b"|" + machine_id(), salt, "config_app machine slot 1")

    def fingerprints(self, salt: bytes) -> tuple[str, str]:
        """Return the fingerprints of the machine id and of the key file.

        Raise ``KeyringLocked`` if the key file is damaged or cannot be read.
        """
        parts = machine_id(), self._material()
        found = [hkdf(part, salt, "config_app fingerprint")[:8].hex() for part in parts]
        return found[0], found[1]

    def _material(self) -> bytes:
        material = read_private(self.key_file).strip()
        if len(material) < KEY_BYTES:
            del material  # keeps it out of the traceback's local variables
            raise KeyringLocked(
                f"the key file {self.key_file} is damaged", "restore it from a backup, or remove it"
            )
        return material


@dataclasses.dataclass(frozen=True, slots=True)
class SharedUnlocker:
    """Unlocks the keyring with a shared key. Several machines or containers can use the same key."""

    shared_key: Secret
    kind: str = SHARED

    @property
    def available(self) -> bool:
        """Return True: the key is always available."""
        return True

    def create(self) -> None:
        """Do nothing: the operator supplies the key."""

    def label(self) -> str:
        """Return a name for the slot, with the current date."""
        return f"shared key of {_today()}"

    def key_encryption_key(self, salt: bytes) -> bytes:
        """Return the key-encryption key, which scrypt derives from the shared key."""
        return _stretched(self.shared_key, salt)

    def fingerprints(self, salt: bytes) -> tuple[str, str]:
        """Return two empty texts, because a shared key has no parts that could be compared."""
        return "", ""


@functools.lru_cache(maxsize=8)
def _stretched(shared_key: Secret, salt: bytes) -> bytes:
    # scrypt makes guessing slow. People choose shared keys, so these may be easier to guess. But scrypt would
    # also slow down each use, so a process derives each key only once.
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt=salt, length=KEY_BYTES, n=2**14, r=8, p=1).derive(shared_key.reveal().encode())


@dataclasses.dataclass(frozen=True, slots=True)
class RecoveryUnlocker:
    """Unlocks the keyring with a recovery code (``config_app.encryption.recovery_codes``)."""

    code: Secret
    kind: str = RECOVERY

    @property
    def available(self) -> bool:
        """Return True, because this object is made only after a person has entered the code."""
        return True

    def create(self) -> None:
        """Do nothing: a recovery code is made elsewhere."""

    def label(self) -> str:
        """Return a name for the slot, with the current date."""
        return f"recovery code of {_today()}"

    def key_encryption_key(self, salt: bytes) -> bytes:
        """Return the key-encryption key. scrypt is not needed, because the code has 130 random bits."""
        return hkdf(self.code.reveal().encode(), salt, "config_app recovery slot")

    def fingerprints(self, salt: bytes) -> tuple[str, str]:
        """Return two empty texts, because a recovery code has no parts that could be compared."""
        return "", ""


def _today() -> str:
    return dt.datetime.now(dt.UTC).date().isoformat()
