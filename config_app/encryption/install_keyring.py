"""The keyring of this install. The slots in the database contain the data keys of the keyring.

Each process unlocks the keyring once.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Sequence

from config_app import store
from config_app.declaration.reserved import SALT_KEY, key_id_of
from config_app.encryption import key_tables
from config_app.encryption.derivation import read_salt
from config_app.encryption.key_tables import StoredKeyring
from config_app.encryption.keyring import Keyring, unlock
from config_app.encryption.slots import Slot
from config_app.encryption.unlockers import Unlocker
from config_app.errors import KeyringLocked
from config_app.models import Change, KeySlot, SystemConfig
from config_app.problems import Problem
from config_app.project import get_project
from config_app.store import transactions
from config_app.store.forking import open_in_children
from config_app.store.process import process
from config_app.store.transactions import UntilCommit, WhileOpen, in_transaction

RETRY = 2.0
"""The minimum number of seconds between two attempts of ``seems_locked`` to unlock the keyring."""

_lock = open_in_children(threading.Lock())


class _Unlocked:
    """The keyring that this process has unlocked.

    A transaction can also have a keyring of its own: the keyring that its code made or unlocked. Until the
    transaction commits, only the code in this transaction uses this keyring.
    """

    def __init__(self) -> None:
        self.keyring: Keyring | None = None
        self.seems_locked, self.retry_at = False, 0.0

    def reset(self) -> None:
        self.keyring = None
        self.seems_locked, self.retry_at = False, 0.0

    def of_transaction(self) -> Keyring | None:
        """Return the keyring that was made or unlocked in the current transaction.

        Return ``None`` if there is no such keyring.
        """
        own = transactions.current()
        if own is None or own.keyring is None:
            return None
        keyring, is_valid = own.keyring
        return keyring if is_valid() else None

    def keep(self, keyring: Keyring) -> Keyring:
        """Use ``keyring`` in this process from now on, and return ``keyring``.

        In a transaction, use ``keyring`` only until the innermost ``atomic`` block ends.
        """
        if in_transaction():
            transactions.join().keyring = keyring, WhileOpen()
        else:
            self.keyring = keyring
        return keyring

    def keep_after_commit(self, keyring: Keyring) -> None:
        """Use ``keyring`` in the current transaction now, and in this process after the commit."""
        until_commit = UntilCommit(functools.partial(self._keep_committed, keyring))
        transactions.join().keyring = keyring, until_commit.is_pending

    def _keep_committed(self, keyring: Keyring) -> None:
        if not in_transaction():  # otherwise, a test calls the callbacks, but the transaction never commits
            self.keyring = keyring


_unlocked = process.keep(_Unlocked())


def get_keyring() -> Keyring:
    """Return the keyring of this install. If the keyring is not unlocked yet, unlock the keyring.

    Raise ``KeyringLocked``, with the reason and a fix, if no key unlocks the keyring.
    """
    return known_keyring() or _refreshed()


def known_keyring() -> Keyring | None:
    """Return the keyring that the current transaction or this process has unlocked.

    Return ``None`` if there is no such keyring. This function makes no query.
    """
    return _unlocked.of_transaction() or _unlocked.keyring


def use_after_commit(keyring: Keyring) -> None:
    """Use ``keyring`` in the current transaction now, and in this process after the commit."""
    # If the transaction is rolled back, this keyring must be forgotten: no slot has its newest data key.
    _unlocked.keep_after_commit(keyring)


def decrypt(name: str, ciphertext: str) -> str:
    """Return the decrypted text. Raise ``KeyringLocked`` if the keyring cannot be unlocked.

    Raise ``DecryptionFailed`` if the text was not encrypted under this ``name`` with this keyring.
    """
    keyring, key_id = get_keyring(), key_id_of(ciphertext)
    # If the database has a data key that this process does not know, another process has rotated it.
    if key_id is not None and not keyring.has_key(key_id) and key_tables.has_key(key_id):
        keyring = _refreshed()
    return keyring.decrypt(name, ciphertext)


def newest_keyring() -> Keyring:
    """Return the keyring with the newest data key that the database has now.

    If you encrypt with this keyring, call this function within ``store.writing``. Otherwise a rotation could
    remove the data key before the ciphertext is written. Raise ``KeyringLocked`` if no available key unlocks
    the newest data key.
    """
    keyring = get_keyring()
    return keyring if _is_newest(keyring, key_tables.newest_key()) else _refreshed()


def newest_with_slots() -> tuple[Keyring, list[Slot]]:
    """Return the keyring with the newest data key and every slot, as the database has them at one moment.

    Raise ``KeyringLocked`` if no available key unlocks the newest data key.
    """
    # A rotation replaces the tags of all slots. So a keyring and slots of two moments do not fit together.
    stored, keyring = key_tables.read_stored(), known_keyring()
    if keyring is None or not _is_newest(keyring, stored.newest):
        keyring = _unlock(stored, unlockers())
    return keyring, stored.slots


def _is_newest(keyring: Keyring, newest: tuple[int, str] | None) -> bool:
    return newest is None or keyring.newest.key_id == newest[1]


def _refreshed() -> Keyring:
    with _lock:
        return _unlocked.keep(unlock_again())


def follow_salt(salt: str | None) -> Problem | None:
    """Unlock the keyring in the database if it differs from the keyring of this process.

    ``salt`` is the salt in the database. The keyrings differ if their salts differ, or if the database no
    longer has a data key that this process has. If no key unlocks the keyring in the database, keep the old
    keyring and return a problem. Otherwise, return ``None``.
    """
    # The salt changes when a backup of another install is restored while this process runs.
    if _unlocked.keyring is None or _unlocked.of_transaction() is not None:
        return None
    if salt == _unlocked.keyring.salt and not _has_a_dropped_key(_unlocked.keyring):
        return None
    try:
        _unlocked.keep(unlock_again())
    except KeyringLocked as error:
        message = f"{SALT_KEY} was changed in the database; after a restart, no secret can be decrypted"
        return Problem(code="keyring_locked", message=message, fix=f"{error}", severity="error")
    return None


def knows_former_keys() -> bool:
    """Return whether this process has unlocked a keyring with several data keys."""
    return _unlocked.keyring is not None and len(_unlocked.keyring.keys) > 1


def _has_a_dropped_key(keyring: Keyring) -> bool:
    """Return whether ``keyring`` has a data key that was dropped from the database after a rotation."""
    # Most installs have one data key. Then this needs no query.
    return len(keyring.keys) > 1 and not key_tables.has_keys(keyring.keys)


def is_locked() -> bool:
    """Return whether the keyring cannot be unlocked, or does not exist.

    If this process has unlocked the keyring before, return ``False`` without another attempt.
    """
    try:
        get_keyring()
    except KeyringLocked:
        return True
    return False


def locked_now() -> KeyringLocked | None:
    """If no key unlocks the keyring that the database has now, return the error. Otherwise return ``None``.

    Ignore the keyring that this process unlocked earlier: the database may have another keyring now, for
    example after a restore.
    """
    try:
        unlock_again()
    except KeyringLocked as error:
        return error if exists() else None
    return None


def is_locked_now() -> bool:
    """Return whether no key unlocks the keyring that the database has now; see ``locked_now``."""
    return locked_now() is not None


def seems_locked() -> bool:
    """Return whether the keyring is locked. Try to unlock the keyring at most once in ``RETRY`` seconds.

    Return ``False`` if the install has no keyring, because then there are no secrets to unlock.
    """
    # This is called for each request, and each attempt needs queries and perhaps scrypt.
    if _unlocked.keyring is None and time.monotonic() >= _unlocked.retry_at:
        _unlocked.seems_locked = is_locked() and exists()
        _unlocked.retry_at = time.monotonic() + RETRY
    return _unlocked.keyring is None and _unlocked.seems_locked


def unlockers() -> list[Unlocker]:
    """Return the unlockers of the project, the preferred one first."""
    return list(get_project().unlockers())


def unlock_again(with_keys: Sequence[Unlocker] | None = None) -> Keyring:
    """Unlock the keyring that the database has now, and return this keyring.

    Use the unlockers in ``with_keys``; by default, use the unlockers of the project. Raise ``KeyringLocked``
    if no unlocker opens the keyring.
    """
    return _unlock(key_tables.read_stored(), with_keys or unlockers())


def _unlock(stored: StoredKeyring, with_keys: Sequence[Unlocker]) -> Keyring:
    salt = stored.salt or store.read().salt
    if salt is None:
        if stored.slots:
            raise KeyringLocked(f"{SALT_KEY} is missing from the database", "restore it from a backup")
        raise KeyringLocked("the keyring does not exist yet", "set a secret, which creates the keyring")
    newest = stored.newest[0] if stored.newest else None
    return unlock(stored.slots, with_keys, read_salt(salt), newest)


def exists() -> bool:
    """Return whether the install has a keyring.

    An install has a keyring if there is a slot, or if a row or the history contains a secret.
    """
    secrets = SystemConfig.objects.filter(is_secret=True).exists()
    return secrets or KeySlot.objects.exists() or Change.objects.filter(is_secret=True).exists()
