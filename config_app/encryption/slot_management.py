"""The actions of a person: unlock the keyring; add, remove and retire slots; make a recovery code.

Every change of the slots increases the version of the configuration. Therefore every process loads the
configuration again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection

from config_app import store
from config_app.declaration.secret import Secret
from config_app.encryption import enrolment, install_keyring, key_tables
from config_app.encryption.derivation import read_salt
from config_app.encryption.keyring import Keyring
from config_app.encryption.recovery_codes import new_code
from config_app.encryption.slots import Slot, is_genuine
from config_app.encryption.unlockers import RECOVERY, RecoveryUnlocker, Unlocker
from config_app.errors import ConfigError, KeyringLocked
from config_app.models import KeySlot
from config_app.store.failures import database_errors

ROTATE = "older database copies contain this slot; run manage.py config rotate-key to make them useless"
LIST = "run manage.py config keys to see the ways to unlock"


@dataclasses.dataclass(frozen=True, slots=True)
class SlotFacts:
    """A slot as people see it, without its keys.

    - ``opens_here``: whether a configured key opens the slot.
    - ``is_genuine``: whether this install made the slot. ``None`` means that the answer is not known.
    """

    id: int
    kind: str
    label: str
    opens_here: bool
    is_retired: bool
    is_of_an_earlier_version: bool
    is_genuine: bool | None


def list_slots() -> list[SlotFacts]:
    """Return the facts of every slot, the oldest slot first, even while the keyring is locked."""
    try:
        keyring, slots = install_keyring.newest_with_slots()
    except KeyringLocked:
        return [_facts(slot, None) for slot in key_tables.read_slots()]
    return [_facts(slot, keyring) for slot in slots]


def _facts(slot: Slot, keyring: Keyring | None) -> SlotFacts:
    known = not (slot.is_of_an_earlier_version or slot.retired)
    opens = keyring is not None and _opener(keyring, [slot], install_keyring.unlockers()) is not None
    return SlotFacts(
        id=slot.pk or 0,
        kind=slot.kind,
        label=slot.label,
        opens_here=opens,
        is_retired=slot.retired,
        is_of_an_earlier_version=slot.is_of_an_earlier_version,
        is_genuine=is_genuine(slot, keyring.newest) if keyring is not None and known else None,
    )


def _opener(keyring: Keyring, slots: Collection[Slot], unlockers: Collection[Unlocker]) -> Unlocker | None:
    return next((unlocker for unlocker in unlockers if keyring.opens_with(unlocker, slots)), None)


def unlock_with(unlocker: Unlocker) -> list[str]:
    """Unlock the keyring with ``unlocker``, and add a slot for each configured key that has no slot.

    Return the labels of the new slots. Raise ``KeyringLocked`` if ``unlocker`` opens no slot. Raise
    ``ConfigError`` if every configured key was retired.
    """
    with store.writing() as stored:
        keyring = install_keyring.unlock_again([unlocker])
        key_tables.save_keys(keyring.keys)
        new = [own for own in install_keyring.unlockers() if not enrolment.is_settled(own, keyring)]
        for own in new:
            own.create()
            enrolment.enrol(own, keyring)
        _require_opener(keyring)
        install_keyring.use_after_commit(keyring)
        store.bump_version(stored)
    return [own.label() for own in new]


def _require_opener(keyring: Keyring) -> None:
    if _opener(keyring, key_tables.read_slots(), install_keyring.unlockers()) is None:
        message = (
            "every key that is configured here was retired, so this machine could not unlock the secrets"
        )
        raise ConfigError(message, fix="configure another key")


def new_recovery_code(hand_over: Callable[[Secret], None], *, is_confirmed: bool = True) -> None:
    """Make a new recovery code. All earlier recovery codes stop working.

    ``hand_over`` gives the code to a person. If ``hand_over`` raises an error, nothing changes. If
    ``is_confirmed`` is false, the dashboard and the doctor warn that the code may be lost, until
    ``confirm_recovery_code`` is called. Raise ``KeyringLocked`` if the keyring cannot be unlocked.
    """
    with store.writing() as stored:
        enrolment.ensure_keyring()
        code = new_code()
        pk = add_slot(RecoveryUnlocker(code))
        KeySlot.objects.filter(kind=RECOVERY).exclude(pk=pk).delete()
        KeySlot.objects.filter(pk=pk).update(is_confirmed=is_confirmed)
        store.bump_version(stored)
        # If the person does not get the new code, the earlier code still works.
        hand_over(code)


def confirm_recovery_code() -> None:
    """Record that a person has kept the recovery code."""
    with database_errors():
        KeySlot.objects.filter(kind=RECOVERY).update(is_confirmed=True)


def add_slot(unlocker: Unlocker) -> int:
    """Add a slot for ``unlocker`` and return the slot's id. Call this function within ``store.writing``.

    Raise ``ConfigError`` if the key was retired, and ``KeyringLocked`` if the keyring cannot be unlocked.
    """
    keyring = install_keyring.newest_keyring()
    key_tables.save_keys(keyring.keys)
    unlocker.create()
    if enrolment.is_retired(unlocker, key_tables.read_slots(), read_salt(keyring.salt)):
        raise ConfigError(f"this {unlocker.kind} key was retired", fix="use another key")
    return enrolment.enrol(unlocker, keyring)


def add(unlocker: Unlocker) -> int:
    """Call ``add_slot`` in a transaction of its own, and return the id of the slot."""
    with store.writing() as stored:
        pk = add_slot(unlocker)
        store.bump_version(stored)
        return pk


def remove(pk: int, proofs: Collection[Unlocker] = ()) -> Slot:
    """Remove the slot with the id ``pk`` and return this slot.

    Raise ``ConfigError`` if neither a configured key nor an unlocker in ``proofs`` can open another slot. A
    retired slot can always be removed.
    """
    with store.writing() as stored:
        slot = _removable([pk], proofs)[0]
        KeySlot.objects.filter(pk=pk).delete()
        store.bump_version(stored)
        return slot


def retire(pks: Collection[int], proofs: Collection[Unlocker] = ()) -> list[Slot]:
    """Retire slots, and return these slots.

    The keys of retired slots never unlock the keyring again, not even after a restart.
    Raise ``ConfigError`` if neither a configured key nor an unlocker in ``proofs`` can open another slot.
    """
    with store.writing() as stored:
        found = _removable(pks, proofs)
        for slot in found:
            key_tables.save_slot(dataclasses.replace(slot, keys=(), wrapped="", tag=""))
        KeySlot.objects.filter(pk__in=pks).update(is_retired=True)
        store.bump_version(stored)
        return found


def _removable(pks: Collection[int], proofs: Collection[Unlocker]) -> list[Slot]:
    """Return the slots with the ids ``pks``.

    Raise ``ConfigError`` if one of the ids belongs to no slot. Slots that are not retired can be removed only
    if an available key opens another slot. Otherwise, raise ``ConfigError``.
    """
    slots = key_tables.read_slots()
    found = [slot for slot in slots if slot.pk in pks]
    if missing := sorted({*pks} - {slot.pk for slot in found}):
        raise ConfigError(f"no way to unlock has the id {missing[0]}", fix=LIST)
    others = [slot for slot in slots if slot.pk not in pks and not slot.retired]
    if all(slot.retired for slot in found):
        return found
    if not others:
        raise ConfigError("this is the only way to unlock the secrets", fix="add another way to unlock first")
    keyring = install_keyring.newest_keyring()
    if _opener(keyring, others, [*install_keyring.unlockers(), *proofs]) is None:
        message = "no key that is available here opens another slot, so this slot is still needed"
        raise ConfigError(
            message,
            fix="add --code-file with the recovery code, or run this on a machine with another slot's key",
        )
    return found
