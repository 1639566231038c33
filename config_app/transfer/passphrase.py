"""Encrypts a whole document with a passphrase, and decrypts it.

scrypt (RFC 7914) derives the key. ChaCha20-Poly1305 (RFC 8439) encrypts the document and authenticates it
together with the parameters of the derivation.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from typing import Any

from config_app.declaration.secret import Secret
from config_app.errors import ConfigError
from config_app.transfer.document import FORMAT, VERSION, UnreadableExport, canonical_bytes, parse_json

SHORTEST = 12
"""The smallest number of characters in the passphrase of a new export."""
COST = {"n": 2**17, "r": 8, "p": 1}
"""The parameters of scrypt for a new export. With them, each guess of a passphrase needs 128 MiB."""
MOST_MEMORY = 512 * 1024 * 1024
"""The maximum memory for decrypting a file, in bytes.

Without this limit, a forged file could use up all memory.
"""
SALT_BYTES, NONCE_BYTES, KEY_BYTES = 16, 12, 32
CIPHER, DERIVATION = "ChaCha20-Poly1305", "scrypt"
UNREADABLE = UnreadableExport("its encrypted part is damaged or not complete")


def check_strength(passphrase: Secret) -> None:
    """Raise ``ConfigError`` if ``passphrase`` is too short for a new export."""
    if len(passphrase.reveal()) < SHORTEST:
        raise ConfigError(f"the passphrase: expected at least {SHORTEST} characters", fix="use several words")


def encrypt(text: str, passphrase: Secret) -> str:
    """Return an export that contains ``text`` in encrypted form. Only ``passphrase`` decrypts it."""
    check_strength(passphrase)
    salt, nonce = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
    header = {
        "format": FORMAT,
        "version": VERSION,
        "encryption": {
            "cipher": CIPHER,
            "nonce": _text(nonce),
            "kdf": {"name": DERIVATION, **COST, "salt": _text(salt)},
        },
    }
    sealed = _cipher(passphrase, salt, COST).encrypt(nonce, text.encode(), canonical_bytes(header))
    return json.dumps(header | {"ciphertext": _text(sealed)}, indent=2) + "\n"


def is_encrypted(text: str) -> bool:
    """Return whether an export is encrypted. Raise ``UnreadableExport`` if ``text`` is not an export."""
    return "encryption" in parse_json(text)


def decrypt(text: str, passphrase: Secret) -> str:
    """Return the decrypted text of an encrypted export.

    Raise ``UnreadableExport`` if the passphrase is wrong or the file is damaged.
    """
    from cryptography.exceptions import InvalidTag

    members = parse_json(text)
    if members.keys() != {"format", "version", "encryption", "ciphertext"}:
        raise UNREADABLE
    salt, nonce, cost = _parameters(members["encryption"])
    sealed = _bytes(members.pop("ciphertext"))
    try:
        opened = _cipher(passphrase, salt, cost).decrypt(nonce, sealed, canonical_bytes(members))
    except InvalidTag:
        fix = "check the passphrase; if it is right, export the configuration again"
        raise UnreadableExport("the passphrase is wrong, or the file was altered", fix) from None
    return str(opened, "utf-8")


def _parameters(encryption: Any) -> tuple[bytes, bytes, dict[str, int]]:
    """Return the salt, the nonce and the cost of an encrypted export.

    Raise ``UnreadableExport`` if this version cannot use one of these parameters.
    """
    match encryption:
        case {"cipher": str(cipher), "nonce": nonce, "kdf": {"name": str(name), "salt": salt, **rest}}:
            if (cipher, name) != (CIPHER, DERIVATION) or rest.keys() != COST.keys():
                raise UnreadableExport(f"this program can decrypt only {CIPHER} with {DERIVATION}")
            return _bytes(salt, SALT_BYTES), _bytes(nonce, NONCE_BYTES), _usable(rest)
    raise UNREADABLE


def _usable(cost: Mapping[Any, Any]) -> dict[str, int]:
    if not all(type(number) is int and 1 <= number < 2**31 for number in cost.values()):
        raise UNREADABLE
    n, r, p = (cost[name] for name in COST)
    if n.bit_count() != 1 or n == 1:  # scrypt takes only powers of two
        raise UNREADABLE
    if 128 * n * r * p > MOST_MEMORY:
        raise UnreadableExport("decrypting it would take too much memory")
    return dict(cost)


def _cipher(passphrase: Secret, salt: bytes, cost: Mapping[str, int]) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    kdf = Scrypt(salt=salt, length=KEY_BYTES, **cost)
    return ChaCha20Poly1305(kdf.derive(passphrase.reveal().encode()))


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: Any, length: int | None = None) -> bytes:
    """Decode a Base64 text, and return the bytes.

    Raise ``UnreadableExport`` if ``text`` is not exactly what ``_text`` writes for these bytes, or if the
    number of bytes is not ``length``. If ``length`` is ``None``, any number of bytes is accepted.
    """
    if not isinstance(text, str):
        raise UNREADABLE
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise UNREADABLE from None
    # Several Base64 texts mean the same bytes. Only one is allowed, so that every alteration is noticed.
    if _text(found) != text or length not in {None, len(found)}:
        raise UNREADABLE
    return found
