"""Django's ``SECRET_KEY``. It is derived from the keyring's data key, so no one has to configure it.

After a rotation, Django accepts old signatures until the former data key is dropped.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.db import DatabaseError
from django.utils.functional import lazy

from config_app.errors import ConfigError

if TYPE_CHECKING:
    from config_app.encryption.data_keys import DataKey
    from config_app.encryption.keyring import Keyring

logger = logging.getLogger("hub")

SETTLE = 60.0
"""For this many seconds after a rotation, a process still signs with the former key.

During this time, all other processes load the new key.
"""
RETRY = 5.0
"""A process waits this many seconds before it tries again to unlock the keyring."""

# Generated when the master imports this module, so that all its workers share the value.
_STAND_IN = secrets.token_urlsafe(48)


class _Derived:
    """The derived keys. For a while after a rotation, this process still signs with the former key."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all keys. A process calls this when it resets its whole state."""
        self.keyring: Keyring | None = None
        self.texts: list[str] = []
        self.stood_in_for = ""  # the id of the data key that was missing when the stand-in signed
        self.settles_at = self.retry_at = 0.0

    def keys(self) -> list[str]:
        """Return all keys whose signatures are accepted. The first key in the list is the signing key."""
        keyring = self._unlocked()
        if keyring is None:
            return self.texts or [_STAND_IN]
        if keyring is not self.keyring:
            self.settles_at = time.monotonic() + SETTLE
            self.keyring, self.texts = keyring, [_derived(key) for key in reversed(keyring.keys)]
        # People who signed in while the keyring was locked stay signed in, until the next rotation.
        stand_in = [_STAND_IN] if self.stood_in_for == keyring.newest.key_id else []
        if len(self.texts) > 1 and time.monotonic() < self.settles_at:
            newest, signing, *others = self.texts
            return [signing, newest, *others, *stand_in]
        return [*self.texts, *stand_in]

    def _unlocked(self) -> Keyring | None:
        from config_app.encryption.install_keyring import get_keyring, known_keyring

        # A load after a restore, for example, may have unlocked the keyring meanwhile.
        if time.monotonic() < self.retry_at and known_keyring() is None:
            return None
        try:
            return get_keyring()
        except (ConfigError, DatabaseError) as error:
            if not self.retry_at:
                logger.error(
                    "%s; until this is fixed, people have to sign in again after every restart", error
                )
            self.retry_at = time.monotonic() + RETRY
            if not self.texts:
                self.stood_in_for = _newest_key_id()
            return None


def _newest_key_id() -> str:
    from config_app.encryption import key_tables

    with contextlib.suppress(ConfigError, DatabaseError):
        newest = key_tables.newest_key()
        return "" if newest is None else newest[1]
    return ""


def _derived(key: DataKey) -> str:
    return key.derive("django secret key").hex()


derived_keys = _Derived()


def _signing_key() -> str:
    """Return the key with which Django signs now.

    If this process has not been able to unlock the keyring yet, return a random key.
    """
    return derived_keys.keys()[0]


class _Fallbacks(list[str]):
    """The list for ``SECRET_KEY_FALLBACKS``. It contains all accepted keys except the signing key."""

    def __iter__(self) -> Iterator[str]:
        return iter(derived_keys.keys()[1:])

    def __len__(self) -> int:
        return len(derived_keys.keys()) - 1

    def __repr__(self) -> str:
        return "[…]"


class _Masked(type(lazy(_signing_key, str)())):  # type: ignore[misc]  # the class exists only at run time
    """The current signing key, as a lazy string. `manage.py diffsettings` prints only ``'…'``."""

    def __repr__(self) -> str:
        return "'…'"


SECRET_KEY: str = _Masked((), {})  # Django only uses its bytes
SECRET_KEY_FALLBACKS: list[str] = _Fallbacks()
