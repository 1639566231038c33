"""The key that the engine reserves in ``system_config``, and how to recognise a ciphertext there."""

from __future__ import annotations

SALT_KEY = "encryption_key_salt"
"""The key of the row that has the keyring's salt. No setting may have this key."""
CIPHERTEXT_START = "gAAAA"
"""The first characters of every Fernet token made in this century."""
# They encode the version byte and the high bytes of the time.


def is_ciphertext(text: str) -> bool:
    """Return whether a stored text looks like an encrypted secret."""
    return text.startswith(CIPHERTEXT_START)
