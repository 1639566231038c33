"""Decrypts the stored secret of a setting, even if the setting was renamed after the encryption."""

from __future__ import annotations

import contextlib

from config_app.declaration.schema import Setting
from config_app.encryption import install_keyring
from config_app.errors import DecryptionFailed


def decrypted(setting: Setting, ciphertext: str) -> str:
    """Return the plain text of a secret that is stored for ``setting``.

    Raise ``KeyringLocked`` if the keyring cannot be unlocked. Raise ``DecryptionFailed`` if ``ciphertext``
    was not encrypted for the current name or a former name of the setting.
    """
    # Each key of a setting has its own subkey, and a ciphertext does not say for which key it was made.
    for name in (setting.key, *setting.formerly):
        with contextlib.suppress(DecryptionFailed):
            return install_keyring.decrypt(name, ciphertext)
    raise DecryptionFailed(setting.key)
