"""What the engine keeps in the settings table for itself."""

from __future__ import annotations

SALT_KEY = "encryption_key_salt"
"""The row with the salt of the keyring; no setting can have this key."""
CIPHERTEXT_START = "gAAAA"
"""How every Fernet token of this century starts: the version byte, then the high bytes of the time."""
