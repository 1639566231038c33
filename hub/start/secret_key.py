"""Django's ``SECRET_KEY``, derived from the keyring's data key instead of being configured."""

from __future__ import annotations

import functools
import logging
import secrets

from django.db import DatabaseError
from django.utils.functional import SimpleLazyObject

from config_app.errors import ConfigError

logger = logging.getLogger("hub")

# Drawn when the first process of a hub imports this, so that all its workers share it.
_STAND_IN = secrets.token_urlsafe(48)


@functools.cache
def _derive() -> str:
    """Return the key of this install, or a random one while the keyring stays locked (K2)."""
    from config_app.encryption.install_keyring import get_keyring

    try:
        return get_keyring().derive("django secret key").hex()
    except (ConfigError, DatabaseError) as error:
        logger.error("%s; people have to sign in again until this is mended", error)
        return _STAND_IN


SECRET_KEY: str = SimpleLazyObject(_derive)  # type: ignore[assignment]  # Django only ever takes its bytes
