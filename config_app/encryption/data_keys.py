"""Data keys, which encrypt the secrets of one install. A rotation makes a new data key.

Each setting has its own subkey. HKDF-SHA256 (RFC 5869) derives this subkey from the random data key, the salt
of the install and the key of the setting. Fernet encrypts the secret with the subkey. Therefore a ciphertext
cannot be decrypted in another row or in another install.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING

from config_app.declaration.reserved import FIRST_KEY, NAMED_START, key_id_of
from config_app.encryption.derivation import KEY_BYTES, hkdf
from config_app.errors import DecryptionFailed

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


class DataKey:
    """A data key of one install.

    ``key_id`` is the id that ciphertexts contain. ``number`` is 1 for the first data key of the install, 2
    for the next, and so on.
    """

    __slots__ = ("_key", "_salt", "_subkey", "key_id", "number")

    def __init__(self, key: bytes, salt: bytes, *, key_id: str, number: int) -> None:
        """Create a data key from the bytes of the key and the salt of the install."""
        self._key = key
        self._salt = salt
        self._subkey = functools.cache(self._derive_subkey)
        self.key_id = key_id
        self.number = number

    def __repr__(self) -> str:
        """Return a text without the key."""
        return f"<DataKey {self.key_id}>"

    def _derive_subkey(self, name: str) -> Fernet:
        from cryptography.fernet import Fernet

        return Fernet(base64.urlsafe_b64encode(self.derive(f"setting:{name}")))

    def exposed(self) -> bytes:
        """Return the bytes of the key, so that the caller can wrap them for a slot."""
        return self._key

    def derive(self, purpose: str) -> bytes:
        """Return a 32-byte key for ``purpose``. The same data key and purpose always give the same key."""
        return hkdf(self._key, self._salt, f"config_app {purpose}")

    def encrypt(self, name: str, text: str) -> str:
        """Encrypt ``text`` and return the ciphertext. ``decrypt`` must be called with the same ``name``."""
        return self._named(self._subkey(name).encrypt(text.encode()).decode())

    def encrypt_in_place_of(self, former: str, name: str, text: str) -> str:
        """Return a new ciphertext of ``text`` that replaces the ciphertext ``former``.

        ``former`` is the ciphertext of the same text under another data key. A second call with the same
        arguments returns the same ciphertext.
        """
        # Fernet needs an initialisation vector that no one can predict and that no other text gets. A message
        # authentication code of the former ciphertext, which is unique, is both.
        key, token = self.derive(f"setting:{name}"), former.rpartition(":")[2]
        vector = hmac.digest(self.derive("renewed ciphertexts"), f"{name}|{token}".encode(), hashlib.sha256)
        made_at = base64.urlsafe_b64decode(token)[1:9]
        return self._named(_token(key, text.encode(), made_at, vector[:16]))

    def decrypt(self, name: str, ciphertext: str) -> str:
        """Return the decrypted text.

        Raise ``DecryptionFailed`` if another data key or another ``name`` was used for the encryption.
        """
        from cryptography.fernet import InvalidToken

        token = ciphertext.rpartition(":")[2]
        try:
            if key_id_of(ciphertext) == self.key_id:
                return self._subkey(name).decrypt(token.encode()).decode()
        except (InvalidToken, UnicodeError):
            pass
        raise DecryptionFailed(name)

    def _named(self, token: str) -> str:
        # Before the first rotation, an older version of the code must be able to read this ciphertext (R16).
        return token if self.key_id == FIRST_KEY else f"{NAMED_START}{self.key_id}:{token}"


def _token(key: bytes, content: bytes, made_at: bytes, vector: bytes) -> str:
    """Return a Fernet token (version 0x80) with the given time and initialisation vector."""
    # The public functions of cryptography's Fernet always choose a random vector.
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC
    from cryptography.hazmat.primitives.padding import PKCS7

    padder, encryptor = PKCS7(AES.block_size).padder(), Cipher(AES(key[16:]), CBC(vector)).encryptor()
    padded = padder.update(content) + padder.finalize()
    parts = b"\x80" + made_at + vector + encryptor.update(padded) + encryptor.finalize()
    return base64.urlsafe_b64encode(parts + hmac.digest(key[:16], parts, hashlib.sha256)).decode()


def new_data_key(salt: bytes, number: int = 1) -> DataKey:
    """Return a new random data key."""
    return DataKey(os.urandom(KEY_BYTES), salt, key_id=secrets.token_hex(4), number=number)
