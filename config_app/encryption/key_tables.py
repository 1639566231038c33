"""Reads and writes the tables of the keyring: slots, data keys and wrapped keys."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import operator
from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Q, Subquery, TextField
from django.db.models.functions import Cast

from config_app.database import alias, connection
from config_app.declaration.reserved import CIPHERTEXT_STARTS, SALT_KEY
from config_app.encryption.data_keys import DataKey
from config_app.encryption.slots import Slot
from config_app.models import DataKey as DataKeyRow
from config_app.models import KeySlot, SystemConfig, WrappedKey
from config_app.store.failures import database_errors
from config_app.store.tables import reading

_FACTS = ("kind", "label", "public_key", "machine_id_print", "key_file_print", "tag", "wrapped")


@dataclasses.dataclass(frozen=True, slots=True)
class StoredKeyring:
    """The keyring as the database stores it, read in one statement.

    - ``slots``: every slot with its wrapped data keys, the oldest slot first.
    - ``newest``: the number and the id of the newest data key.
    - ``salt``: the salt of the install, in hexadecimal.

    If there is no slot, ``newest`` and ``salt`` are not read, and both are ``None``.
    """

    slots: list[Slot]
    newest: tuple[int, str] | None = None
    salt: str | None = dataclasses.field(default=None, repr=False)


def has_ciphertext(column: str) -> Q:
    """Return a filter for rows whose text in ``column`` is a ciphertext."""
    return functools.reduce(operator.or_, (Q((f"{column}__startswith", s)) for s in CIPHERTEXT_STARTS))


def read_stored() -> StoredKeyring:
    """Return the keyring as the database stores it now."""
    with reading(), connection().cursor() as cursor:
        cursor.execute(*everything(alias()))
        rows = cursor.fetchall()
    if not rows:
        return StoredKeyring([])
    number, key_id, text = rows[0][-3:]
    slots = [
        _slot([row[:-3] for row in group]) for _pk, group in itertools.groupby(rows, operator.itemgetter(0))
    ]
    return StoredKeyring(slots, None if number is None else (number, key_id), text)


@functools.cache
def everything(alias: str) -> tuple[str, tuple[Any, ...]]:
    """Return SQL and parameters of the statement that reads the keyring. It is built once per process.

    There is a row for each wrapped data key, and one for each slot without a data key. The oldest slot comes
    first. The last three columns are the same in every row: the number and the id of the newest data key, and
    the salt of the install.
    """
    # This must be one statement. Between two statements, a rotation could add or drop a data key. Then the
    # slots would seem to be from before the last rotation.
    newest = DataKeyRow.objects.order_by("-number")
    salt = SystemConfig.objects.filter(pk=SALT_KEY).values(text=Cast("config_value", TextField()))
    wrapped = ("wrapped_keys__data_key", "wrapped_keys__data_key__key_id", "wrapped_keys__wrapped")
    found = KeySlot.objects.order_by("pk", "wrapped_keys__data_key").values_list(
        *("pk", "is_retired", *_FACTS, *wrapped),
        *(Subquery(newest.values(field)[:1]) for field in ("number", "key_id")),
        Subquery(salt[:1]),
    )
    sql, parameters = found.query.get_compiler(alias).as_sql()
    return sql, tuple(parameters)


def _slot(rows: list[tuple[Any, ...]]) -> Slot:
    """Return the slot from its rows: one for each wrapped data key, or a single one without a key."""
    pk, is_retired, *facts = rows[0][:-3]
    keys = tuple((number, key_id, text) for *_, number, key_id, text in rows if key_id is not None)
    return Slot(**dict(zip(_FACTS, facts, strict=True)), retired=bool(is_retired), keys=keys, pk=pk)


def read_slots() -> list[Slot]:
    """Return every slot with its wrapped data keys, the oldest slot first."""
    return read_stored().slots


def kinds() -> list[tuple[str, bool]]:
    """Return ``kind`` and ``is_confirmed`` of each slot that is not retired, the oldest slot first."""
    with database_errors():
        current = KeySlot.objects.filter(is_retired=False).order_by("pk")
        return list(current.values_list("kind", "is_confirmed"))


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
