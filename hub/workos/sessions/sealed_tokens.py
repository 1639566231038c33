"""Encryption of the stored refresh tokens with ``workos_cookie_password``."""

from __future__ import annotations

from collections.abc import Iterator

from config_app import store
from config_app.declaration.secret import Secret
from config_app.errors import ConfigError
from config_app.live.resolution import read_with_keyring
from config_app.project import get_schema
from hub.runtime_config import RuntimeConfig
from hub.workos.remote.errors import CredentialsRefused

PASSWORD = "workos_cookie_password"  # noqa: S105 - the name of a setting


def seal(token: Secret, config: RuntimeConfig) -> str:
    """Encrypt a token with the current password, and return the ciphertext.

    Raise ``CredentialsRefused`` if the password is not set or cannot be decrypted.
    """
    from cryptography.fernet import Fernet

    return Fernet(_password(config).reveal()).encrypt(token.reveal().encode()).decode()


def unseal(text: str, config: RuntimeConfig) -> Secret | None:
    """Decrypt a ciphertext and return the token.

    Return ``None`` if no password in the history decrypts the ciphertext. Raise ``CredentialsRefused`` if the
    current password is not set or cannot be decrypted.
    """
    # Earlier passwords count too, so that people stay signed in when the password is changed.
    current = _open(text, _password(config))
    if current is not None:
        return current
    opened = (_open(text, password) for password in _earlier_passwords())
    return next((token for token in opened if token is not None), None)


def reseal(text: str, config: RuntimeConfig) -> str | None:
    """Encrypt the token in the ciphertext ``text`` again, with the current password.

    Return the new ciphertext. Return ``None`` if ``text`` is already encrypted with the current password, or
    if no password decrypts ``text``.
    """
    if _open(text, _password(config)) is not None:
        return None
    token = unseal(text, config)
    return None if token is None else seal(token, config)


def _password(config: RuntimeConfig) -> Secret:
    if config.workos_cookie_password is None:
        raise CredentialsRefused(f"{PASSWORD} is not set or cannot be decrypted")
    return config.workos_cookie_password


def _earlier_passwords() -> Iterator[Secret]:
    """Yield the cookie passwords in the history. The newest password comes first."""
    setting = get_schema()[PASSWORD]
    for text in store.accepted_texts(PASSWORD):
        try:
            value = read_with_keyring(setting, text or "")
        except ConfigError:
            continue  # another keyring has encrypted it, or no password was set in this revision
        if isinstance(value, Secret):
            yield value


def _open(text: str, password: Secret) -> Secret | None:
    from cryptography.fernet import Fernet, InvalidToken

    try:
        return Secret(Fernet(password.reveal()).decrypt(text.encode()).decode())
    except (InvalidToken, ValueError):
        return None
