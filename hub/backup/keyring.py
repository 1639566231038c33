"""Find out which secrets a backup contains, and whether this machine can unlock the backup's keyring."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from config_app.declaration.reserved import SALT_KEY
from config_app.encryption import install_keyring
from config_app.encryption.derivation import read_salt
from config_app.encryption.keyring import unlock
from config_app.encryption.slots import Slot
from config_app.errors import KeyringLocked, is_key_shaped
from hub.backup.load import lines

Row = dict[str, Any]
SETTINGS, SLOTS = "config_app.systemconfig", "config_app.keyslot"
WRAPPED, KEYS = "config_app.wrappedkey", "config_app.datakey"
SMALL = {SETTINGS, SLOTS, WRAPPED, KEYS}
FACTS = ("label", "public_key", "machine_id_print", "key_file_print", "tag", "wrapped")


@dataclasses.dataclass(frozen=True, slots=True)
class Contents:
    """The number of settings in a backup, and the keys of the settings that are secret.

    If a key of this machine unlocks the secrets, ``closed_because`` is empty. Otherwise, ``closed_because``
    says why this machine cannot unlock the secrets.
    """

    settings: int
    secrets: tuple[str, ...]
    closed_because: str


def read_contents(path: Path) -> Contents:
    """Return what the backup ``path`` contains; raise ``UnreadableArchive`` if the backup is damaged."""
    tables = _small_tables(path)
    rows = {row["config_key"]: row for row in tables[SETTINGS]}
    salt = rows.pop(SALT_KEY, None)
    secrets = tuple(sorted(key for key, row in rows.items() if row["is_secret"] and is_key_shaped(key)))
    closed = _closed_because(salt["config_value"], tables) if salt else ""
    return Contents(len(rows), secrets, closed)


def _small_tables(path: Path) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {name: [] for name in SMALL}
    table, names = "", list[str]()
    for line in lines(path):
        if "table" in line:
            table, names = line["table"], line["columns"]
        elif "row" in line and table in SMALL:
            found[table].append(dict(zip(names, line["row"], strict=True)))
    return found


def _closed_because(salt: str, tables: dict[str, list[Row]]) -> str:
    """Return the reason why this machine cannot unlock the backup's keyring.

    Return an empty text if the machine can unlock the keyring.
    """
    numbers = [row["number"] for row in tables[KEYS]]
    try:
        # This raises an error if no key fits. The keyring itself is not needed.
        unlock(_slots(tables), install_keyring.unlockers(), read_salt(salt), max(numbers, default=None))
    except KeyringLocked as error:
        return error.why
    return ""


def _slots(tables: dict[str, list[Row]]) -> Iterable[Slot]:
    ids = {row["number"]: row["key_id"] for row in tables[KEYS]}
    for row in tables[SLOTS]:
        wrapped = (found for found in tables[WRAPPED] if found["slot_id"] == row["id"])
        keys = tuple((w["data_key_id"], ids[w["data_key_id"]], w["wrapped"]) for w in wrapped)
        # A backup of an earlier version does not have all columns.
        facts = {name: row.get(name, "") for name in FACTS}
        retired = bool(row.get("is_retired", False))
        yield Slot(kind=row["kind"], **facts, retired=retired, keys=keys, pk=row["id"])
