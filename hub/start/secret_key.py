"""Django's ``SECRET_KEY``, derived from the keyring's data key instead of being configured."""

from __future__ import annotations

import functools
import logging
import secrets

from django.db import DatabaseError
from django.utils.functional import SimpleLazyObject

from config_app.errors import ConfigError

logger = logging.getLogger("hub")

# Generated when the master imports this module, so that all its workers share the value.
_STAND_IN = secrets.token_urlsafe(48)


@functools.cache
def _derive() -> str:
    """Return the install's key, or a random key if the keyring is locked or the database fails (K2)."""
    from config_app.encryption.install_keyring import get_keyring

    try:
        return get_keyring().derive("django secret key").hex()
    except (ConfigError, DatabaseError) as error:
        logger.error("%s; until this is fixed, people have to sign in again after every restart", error)
        return _STAND_IN


SECRET_KEY: str = SimpleLazyObject(_derive)  # type: ignore[assignment]  # Django only uses its bytes
