"""Slots. A slot contains a copy of every data key. Exactly one unlocker can open a slot.

A slot has an X25519 key pair. The private key is derived from a secret that is not in the database: a key
file with a machine id, a shared key or a recovery code. HPKE (RFC 9180) wraps each data key for the public
key. So a process can wrap a new data key for every slot without knowing the secrets of the slots.

An attacker who can write to the database could wrap a data key of their own for the public key. Therefore
each slot also has an authentication key. The authentication key is derived from the same secret as the
private key. A process that wraps a data key makes a message authentication code with the authentication key.
An unlocker ignores a wrapped data key whose code is not valid.

A process that wraps a new data key for a slot does not know the secret of the slot. So the process cannot
derive the authentication key. Therefore each slot has a tag. The tag is the authentication key, encrypted
with the newest data key. The tag is bound to the facts of its slot, so it is not valid for another slot. A
slot that this install did not make has no valid tag and never gets a new data key.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from config_app.declaration.reserved import FIRST_KEY
from config_app.encryption.data_keys import DataKey
from config_app.encryption.derivation import KEY_BYTES, hkdf
from config_app.encryption.unlockers import Unlocker

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.hpke import Suite

MAC_BYTES = 32
NONCE_BYTES = 12


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A slot, as the database stores it.

    - ``machine_id_print`` and ``key_file_print``: fingerprints of the two parts of a machine's key. If the
      key cannot open the slot, the fingerprints show which part differs.
    - ``keys``: the wrapped data keys, as ``(number, key id, text)``.
    - ``wrapped``: the first data key, as earlier versions of config_app store it.
    - ``public_key``: empty if an earlier version wrote the slot. A process with the current version replaces
      such a slot as soon as the process can open the slot.
    - ``retired``: whether the unlocker was retired. A retired unlocker must never get a slot again.
    """

    kind: str
    label: str = ""
    public_key: str = ""
    machine_id_print: str = ""
    key_file_print: str = ""
    tag: str = dataclasses.field(default="", repr=False)
    wrapped: str = dataclasses.field(default="", repr=False)
    retired: bool = False
    keys: tuple[tuple[int, str, str], ...] = dataclasses.field(default=(), repr=False)
    pk: int | None = None

    @property
    def is_of_an_earlier_version(self) -> bool:
        """Return whether an earlier version wrote the slot and no process has replaced the slot since."""
        return not self.public_key

    def facts(self) -> bytes:
        """Return kind, label, public key and fingerprints, as the bytes to which the tag is bound."""
        facts = self.kind, self.label, self.public_key, self.machine_id_print, self.key_file_print
        return json.dumps(facts).encode()


def _keys_of(unlocker: Unlocker, salt: bytes) -> tuple[X25519PrivateKey, bytes]:
    """Return the private key and the authentication key of the unlocker's slot."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    root = unlocker.key_encryption_key(salt)
    private = X25519PrivateKey.from_private_bytes(hkdf(root, salt, "config_app slot private key"))
    return private, hkdf(root, salt, "config_app slot authentication key")


def public_key(unlocker: Unlocker, salt: bytes) -> str:
    """Return the public key of the unlocker's slot; raise ``KeyringLocked`` if the key file is unreadable."""
    return _keys_of(unlocker, salt)[0].public_key().public_bytes_raw().hex()


def new_slot(unlocker: Unlocker, keys: Iterable[DataKey], salt: bytes) -> Slot:
    """Return a new slot for ``unlocker`` with the data keys ``keys``, the oldest first."""
    keys = list(keys)
    machine, file = unlocker.fingerprints(salt)
    slot = Slot(
        kind=unlocker.kind,
        label=unlocker.label(),
        public_key=public_key(unlocker, salt),
        machine_id_print=machine,
        key_file_print=file,
    )
    authentication = _keys_of(unlocker, salt)[1]
    wrapped = tuple(_wrapped(slot, key, authentication, salt) for key in keys)
    return dataclasses.replace(slot, keys=wrapped, tag=_tag(slot, authentication, keys[-1]))


def with_new_key(slot: Slot, newest: DataKey, new: DataKey, salt: bytes) -> Slot | None:
    """Return a copy of the slot that also contains the data key ``new``.

    ``newest`` is the newest data key before ``new``. Return ``None`` if the slot's tag is not valid.
    """
    authentication = _authentication_key(slot, newest)
    if authentication is None:
        return None
    keys = *slot.keys, _wrapped(slot, new, authentication, salt)
    return dataclasses.replace(slot, keys=keys, tag=_tag(slot, authentication, new))


def is_genuine(slot: Slot, newest: DataKey) -> bool:
    """Return whether the slot's tag is valid. Only this install can make a valid tag."""
    return _authentication_key(slot, newest) is not None


def opened(slot: Slot, unlocker: Unlocker, salt: bytes) -> list[DataKey]:
    """Return the data keys that ``unlocker`` can read in the slot, the oldest first.

    The list is empty if ``unlocker`` cannot open the slot. Raise ``KeyringLocked`` if the unlocker's key
    cannot be read.
    """
    if slot.kind != unlocker.kind or slot.retired:
        return []
    if slot.is_of_an_earlier_version:
        return _opened_as_before(slot, unlocker.key_encryption_key(salt), salt)
    if public_key(unlocker, salt) != slot.public_key:
        return []
    found = (_unwrapped(wrapped, unlocker, salt) for wrapped in sorted(slot.keys))
    return [key for key in found if key is not None]


def _opened_as_before(slot: Slot, key: bytes, salt: bytes) -> list[DataKey]:
    from cryptography.fernet import Fernet, InvalidToken

    try:
        data_key = Fernet(base64.urlsafe_b64encode(key)).decrypt(slot.wrapped.encode())
    except (InvalidToken, UnicodeError):
        return []
    return [DataKey(data_key, salt, key_id=FIRST_KEY, number=1)]


def _suite() -> Suite:
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

    return Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


def _info(number: int, key_id: str, salt: bytes) -> bytes:
    return b"config_app wrapped key|" + salt + f"|{number}|{key_id}".encode()


def _wrapped(slot: Slot, key: DataKey, authentication: bytes, salt: bytes) -> tuple[int, str, str]:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

    info = _info(key.number, key.key_id, salt)
    recipient = X25519PublicKey.from_public_bytes(bytes.fromhex(slot.public_key))
    sealed = _suite().encrypt(key.exposed(), recipient, info)
    mac = hmac.digest(authentication, info + sealed, hashlib.sha256)
    return key.number, key.key_id, base64.urlsafe_b64encode(mac + sealed).decode()


def _unwrapped(wrapped: tuple[int, str, str], unlocker: Unlocker, salt: bytes) -> DataKey | None:
    from cryptography.exceptions import InvalidTag

    number, key_id, text = wrapped
    private, authentication = _keys_of(unlocker, salt)
    content, info = _bytes_of(text), _info(number, key_id, salt)
    mac, sealed = content[:MAC_BYTES], content[MAC_BYTES:]
    if not hmac.compare_digest(mac, hmac.digest(authentication, info + sealed, hashlib.sha256)):
        return None
    try:
        key = _suite().decrypt(sealed, private, info)
    except (InvalidTag, ValueError):
        return None
    return DataKey(key, salt, key_id=key_id, number=number)


def _tag(slot: Slot, authentication: bytes, newest: DataKey) -> str:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    nonce = os.urandom(NONCE_BYTES)
    sealed = ChaCha20Poly1305(newest.derive("slot tag")).encrypt(nonce, authentication, slot.facts())
    return base64.urlsafe_b64encode(nonce + sealed).decode()


def _authentication_key(slot: Slot, newest: DataKey) -> bytes | None:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    content = _bytes_of(slot.tag)
    nonce, sealed = content[:NONCE_BYTES], content[NONCE_BYTES:]
    try:
        key = ChaCha20Poly1305(newest.derive("slot tag")).decrypt(nonce, sealed, slot.facts())
    except (InvalidTag, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None


def _bytes_of(text: str) -> bytes:
    """Return the bytes that a stored base64 text encodes. Return ``b""`` if the text is damaged."""
    try:
        return base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeError, binascii.Error):
        return b""


def why_closed(slots: Iterable[Slot], unlocker: Unlocker, salt: bytes) -> str:
    """Return the reason why ``unlocker`` opens none of the slots, for example ``it has no slot``.

    Call this function only for an unlocker that is available and opens no slot.
    """
    of_kind = [slot for slot in slots if slot.kind == unlocker.kind]
    public = public_key(unlocker, salt)
    same = next((slot for slot in of_kind if slot.public_key == public), None)
    if same is not None:
        return "it was retired" if same.retired else f'its slot, "{same.label}", is damaged'
    current = [slot for slot in of_kind if not slot.retired]
    if not current:
        return "it has no slot"
    return _differing(current, unlocker.fingerprints(salt))


def _differing(slots: list[Slot], prints: tuple[str, str]) -> str:
    machine, file = prints
    by_file = {slot.key_file_print: slot.label for slot in slots if slot.key_file_print}
    by_machine = {slot.machine_id_print: slot.label for slot in slots if slot.machine_id_print}
    if file in by_file:
        return f'the key file of "{by_file[file]}" is here, but this machine has another machine id'
    if machine in by_machine:
        return f'this is the machine of "{by_machine[machine]}", but its key file is a different one'
    if by_file:
        return f"machine id and key file both differ from {_named(by_file)}"
    return "it is a different key"


def _named(labels: Mapping[str, str]) -> str:
    return "those of " + ", ".join(f'"{label}"' for label in sorted({*labels.values()}))
