"""Rotation: makes a new data key and re-encrypts everything, while other processes read and write.

The first transaction makes the data key, wraps it for every slot and re-encrypts the current values. Then
short transactions re-encrypt the history. If a rotation is killed, the next rotation does the rest of the
work.

A stored secret and its newest change in the history have the same ciphertext. A rotation turns equal
ciphertexts into equal ciphertexts, so the rows still agree with the history.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import time
from collections.abc import Callable

from django.conf import settings
from django.db.models import DateTimeField, ExpressionWrapper, Max, QuerySet
from django.db.models.functions import Now

from config_app import store
from config_app.database import connection
from config_app.declaration.reserved import key_id_of
from config_app.encryption import enrolment, install_keyring, key_tables
from config_app.encryption.derivation import read_salt
from config_app.encryption.keyring import Keyring
from config_app.encryption.slots import Slot, opened, with_new_key
from config_app.errors import ConfigError, DecryptionFailed
from config_app.models import Change, ChangeQuerySet, SystemConfig
from config_app.models import DataKey as DataKeyRow
from config_app.project import get_project, get_schema

BATCH = 1000
"""The maximum number of changes that one transaction re-encrypts."""

PAUSE = 0.25
"""After each transaction, a rotation pauses for this fraction of the time that the transaction took."""
UPDATE = f"UPDATE {Change._meta.db_table} SET old_value = %s, new_value = %s WHERE id = %s"  # noqa: S608 - our own table

Progress = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a rotation.

    - ``key_id``: the id of the newest data key.
    - ``unreadable``: the number of ciphertexts that no data key decrypts. These ciphertexts do not change.
    - ``former_keys``: the number of former data keys that are left. A former data key stays until all cookies
      with its signature have expired.
    """

    key_id: str
    unreadable: int
    former_keys: int


def is_unfinished() -> bool:
    """Return whether a rotation was interrupted. Then some ciphertexts can still need a former data key."""
    newest = key_tables.newest_key()
    return newest is not None and _superseded(newest[0]).filter(is_empty=False).exists()


def slots_left_out() -> list[Slot]:
    """Return the slots to which a rotation cannot add the new data key.

    After the rotation, the keys of these slots no longer unlock the keyring.
    """
    keyring, slots = install_keyring.newest_with_slots()
    new, salt = keyring.with_new_key().newest, read_salt(keyring.salt)
    current = (slot for slot in slots if not slot.retired)
    without = [slot for slot in current if with_new_key(slot, keyring.newest, new, salt) is None]
    # A slot of an earlier version that a configured key opens is completed first.
    own = [unlocker for unlocker in install_keyring.unlockers() if unlocker.available]
    return [s for s in without if not any(opened(s, unlocker, salt) for unlocker in own)]


def rotate(progress: Progress = lambda _done, _all: None, *, at_once: bool = False) -> Outcome:
    """Make a new data key and re-encrypt everything. Return the outcome.

    If an earlier rotation was interrupted, finish that rotation, and do not make another data key.

    After each transaction, call ``progress`` with two ids of changes: the last id that is finished, and the
    last id in the history. With ``at_once``, drop the former data keys at the end. Then
    cookies that were signed with a former data key are no longer valid.

    Raise ``KeyringLocked`` if the keyring cannot be unlocked. Raise ``ConfigError`` if no configured key
    could unlock the new data key.
    """
    if not is_unfinished():
        _begin()
    unreadable, done = 0, 0
    while (last := _last_change()) > done:
        began = time.monotonic()
        unreadable += _renew_history(done, done + BATCH)
        done += BATCH
        progress(min(done, last), last)
        # On SQLite, the lock is not given in turns, so other writers need a pause to get it.
        time.sleep(PAUSE * (time.monotonic() - began))
    with store.writing() as stored:
        unreadable += _renew_history(done, _last_change())
        keyring = install_keyring.newest_keyring()
        _renew_live(keyring)
        _superseded(keyring.newest.number).update(is_empty=True)
        _drop(at_once=at_once)
        store.bump_version(stored)
        former = _superseded(keyring.newest.number).count()
    return Outcome(key_id=keyring.newest.key_id, unreadable=unreadable, former_keys=former)


def drop_expired() -> bool:
    """Drop the former data keys that are no longer needed. Return whether there were such data keys.

    A former data key is needed until a rotation has re-encrypted every ciphertext, and until all cookies with
    the signature of this data key have expired. Call this function only within ``store.writing``.
    """
    return _drop(at_once=False)


def has_expired() -> bool:
    """Return whether there is a former data key that is no longer needed; see ``drop_expired``."""
    return _expired(at_once=False).exists()


def drop_in_running_process() -> None:
    """Call ``drop_expired`` in a transaction of its own.

    If a data key was dropped, every process loads the configuration again. If this process knows only one
    data key, this function makes no query.
    """
    if install_keyring.knows_former_keys() and has_expired():
        with store.writing() as stored:
            if drop_expired():
                store.bump_version(stored)


def _drop(*, at_once: bool) -> bool:
    return _expired(at_once=at_once).delete()[0] > 0


def _expired(*, at_once: bool) -> QuerySet[DataKeyRow]:
    successors = DataKeyRow.objects.all()
    if not at_once:
        # Cookies are signed with a key that is derived from a data key, and stay valid for so long.
        grace = dt.timedelta(seconds=settings.SESSION_COOKIE_AGE)
        since = ExpressionWrapper(Now() - grace, output_field=DateTimeField())
        successors = successors.filter(created_at__lt=since)
    newest = successors.aggregate(newest=Max("number"))["newest"] or 0
    return _superseded(newest).filter(is_empty=True)


def _superseded(newest: int) -> QuerySet[DataKeyRow]:
    return DataKeyRow.objects.filter(number__lt=newest)


def _current_slots() -> list[Slot]:
    return [slot for slot in key_tables.read_slots() if not slot.retired]


def _begin() -> None:
    with store.writing() as stored:
        enrolment.ensure_slots()
        keyring = install_keyring.newest_keyring()
        newer, salt = keyring.with_new_key(), read_salt(keyring.salt)
        key_tables.save_keys(newer.keys)
        for slot in _current_slots():
            if (renewed := with_new_key(slot, keyring.newest, newer.newest, salt)) is not None:
                key_tables.save_slot(dataclasses.replace(renewed, wrapped=""))
        _require_opener(newer)
        install_keyring.use_after_commit(newer)
        _renew_live(newer)
        store.bump_version(stored)


def _require_opener(keyring: Keyring) -> None:
    slots = key_tables.read_slots()
    if not any(keyring.opens_with(unlocker, slots) for unlocker in install_keyring.unlockers()):
        message = "no configured key could unlock the new data key"
        raise ConfigError(message, fix="add a slot with manage.py config keys add, then try again")


def _renew_live(keyring: Keyring) -> None:
    """Re-encrypt the rows, the newest change of each row, and the project's other secrets."""
    for row in SystemConfig.objects.filter(key_tables.has_ciphertext("config_value")):
        renewed = _renewed(keyring, row.config_key, row.config_value)
        if renewed not in {None, row.config_value}:
            SystemConfig.objects.filter(pk=row.pk).update(config_value=renewed)
    # When a person changes a row with SQL, all rows are compared with these changes.
    _renew_changes(keyring, Change.objects.newest())
    get_project().renew_other_secrets(lambda name, text: _renewed_under(keyring, [name], text) or text)


def _renew_history(after: int, until: int) -> int:
    """Re-encrypt the changes with ids above ``after`` and up to ``until``.

    Return the number of ciphertexts that no data key decrypts.
    """
    with store.writing():
        changes = Change.objects.filter(pk__gt=after, pk__lte=until)
        return _renew_changes(install_keyring.newest_keyring(), changes)


def _renew_changes(keyring: Keyring, changes: ChangeQuerySet) -> int:
    encrypted = key_tables.has_ciphertext("old_value") | key_tables.has_ciphertext("new_value")
    found = changes.filter(encrypted).values_list("pk", "key", "old_value", "new_value")
    updates, unreadable = [], 0
    for pk, key, *texts in found:
        renewed = [text if text is None else _renewed(keyring, key, text) for text in texts]
        unreadable += sum(new is None and old is not None for new, old in zip(renewed, texts, strict=True))
        kept = [old if new is None else new for new, old in zip(renewed, texts, strict=True)]
        if kept != texts:
            updates.append([*kept, pk])
    if updates:
        with connection().cursor() as cursor:
            cursor.executemany(UPDATE, updates)
    return unreadable


def _renewed(keyring: Keyring, key: str, text: str) -> str | None:
    """Re-encrypt the stored ciphertext ``text`` with the newest data key. Return the new ciphertext.

    Return ``None`` if no data key decrypts ``text``. If ``text`` is not a ciphertext, return ``text``.
    """
    return _renewed_under(keyring, _names(key), text)


def _renewed_under(keyring: Keyring, names: list[str], text: str) -> str | None:
    if key_id_of(text) in {None, keyring.newest.key_id}:
        return text
    for name in names:
        with contextlib.suppress(DecryptionFailed):
            return keyring.renew(name, text)
    return None


def _names(key: str) -> list[str]:
    """Return the names under which a secret may have been encrypted, the likeliest first."""
    schema = get_schema()
    known = schema.current_key(key) in schema.settings
    return [key, *(name for name in schema.names(key) if name != key)] if known else [key]


def _last_change() -> int:
    return Change.objects.aggregate(last=Max("pk"))["last"] or 0
