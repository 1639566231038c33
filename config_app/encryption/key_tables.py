"""Reads and writes the tables of the keyring: slots, data keys and wrapped keys."""

from __future__ import annotations

import functools
import operator
from collections.abc import Collection, Iterable

from django.db.models import Q

from config_app.declaration.reserved import CIPHERTEXT_STARTS
from config_app.encryption.data_keys import DataKey
from config_app.encryption.slots import Slot
from config_app.models import DataKey as DataKeyRow
from config_app.models import KeySlot, WrappedKey
from config_app.store.failures import database_errors

_FACTS = ("kind", "label", "public_key", "machine_id_print", "key_file_print", "tag", "wrapped")


def has_ciphertext(column: str) -> Q:
    """Return a filter for rows whose text in ``column`` is a ciphertext."""
    return functools.reduce(operator.or_, (Q((f"{column}__startswith", s)) for s in CIPHERTEXT_STARTS))


def read_slots() -> list[Slot]:
    """Return every slot with its wrapped data keys, the oldest slot first."""
    with database_errors():
        found = KeySlot.objects.order_by("pk").prefetch_related("wrapped_keys__data_key")
        return [_slot(row) for row in found]


def kinds() -> list[tuple[str, bool]]:
    """Return ``kind`` and ``is_confirmed`` of each slot that is not retired, the oldest slot first."""
    with database_errors():
        current = KeySlot.objects.filter(is_retired=False).order_by("pk")
        return list(current.values_list("kind", "is_confirmed"))


def _slot(row: KeySlot) -> Slot:
    keys = tuple(
        (wrapped.data_key_id, wrapped.data_key.key_id, wrapped.wrapped) for wrapped in row.wrapped_keys.all()
    )
    facts = {name: getattr(row, name) for name in _FACTS}
    return Slot(**facts, retired=row.is_retired, keys=keys, pk=row.pk)


def newest_key() -> tuple[int, str] | None:
    """Return the number and the id of the newest data key. Return ``None`` if there is no data key."""
    with database_errors():
        return DataKeyRow.objects.order_by("-number").values_list("number", "key_id").first()


def has_key(key_id: str) -> bool:
    """Return whether the database has the data key with this id."""
    with database_errors():
        return DataKeyRow.objects.filter(key_id=key_id).exists()


def has_keys(keys: Collection[DataKey]) -> bool:
    """Return whether the database has all these data keys."""
    with database_errors():
        return DataKeyRow.objects.filter(key_id__in=[key.key_id for key in keys]).count() == len(keys)


def save_keys(keys: Iterable[DataKey]) -> None:
    """Add a row for each data key that has no row yet. Call this function before ``save_slot``."""
    known = set(DataKeyRow.objects.values_list("number", flat=True))
    new = [DataKeyRow(number=key.number, key_id=key.key_id) for key in keys if key.number not in known]
    DataKeyRow.objects.bulk_create(new)


def save_slot(slot: Slot) -> int:
    """Write a slot and its wrapped data keys, and return the slot's ``pk``.

    If ``slot`` has a ``pk``, replace the slot with this ``pk``. Otherwise, add a new slot.
    """
    facts = {name: getattr(slot, name) for name in _FACTS}
    pk = slot.pk or KeySlot.objects.create(kind=slot.kind).pk
    KeySlot.objects.filter(pk=pk).update(**facts)
    WrappedKey.objects.filter(slot=pk).delete()
    WrappedKey.objects.bulk_create(
        WrappedKey(slot_id=pk, data_key_id=number, wrapped=text) for number, _key_id, text in slot.keys
    )
    return pk
