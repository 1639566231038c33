"""Derives keys from other keys, with the salt of the install."""

from __future__ import annotations

import secrets

from config_app.declaration.reserved import SALT_KEY
from config_app.errors import KeyringLocked

# Functions of this package import cryptography when they need it. Most commands use no secret, and loading
# the library takes longer than running them.

SALT_BYTES = 16
KEY_BYTES = 32


def new_salt() -> str:
    """Return a new random salt in hexadecimal."""
    return secrets.token_hex(SALT_BYTES)


def read_salt(text: str) -> bytes:
    """Return the bytes of a stored salt. Raise ``KeyringLocked`` if the stored text is damaged."""
    try:
        salt = bytes.fromhex(text)
    except ValueError:
        salt = b""
    if len(salt) != SALT_BYTES:
        raise KeyringLocked(f"{SALT_KEY} in the database is damaged", "restore it from a backup")
    return salt


def hkdf(key_material: bytes, salt: bytes, info: str) -> bytes:
    """Return 32 bytes that HKDF-SHA256 (RFC 5869) derives from ``key_material`` for the purpose ``info``."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=info.encode()).derive(key_material)
