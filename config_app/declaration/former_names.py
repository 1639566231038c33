"""Former keys of settings. A value that is stored under a former key still belongs to the setting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from config_app.declaration.reserved import SALT_KEY

T = TypeVar("T")


def former_names(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return a mapping from each former key to the current key of the same setting.

    Leave out a former key if another setting has this key now.
    """
    found: dict[str, str] = {}
    for key, setting in settings.items():
        for old in setting.formerly:
            if old not in settings and old != SALT_KEY:
                found.setdefault(old, key)
    return found


class Carried(NamedTuple):
    """The result of ``carry_over``.

    - ``entries``: maps current keys to entries.
    - ``former``: maps current keys to former keys, for the entries that were found under a former key.
    - ``leftover``: maps former keys to current keys, for the settings with an entry under both keys. For
      such a setting, ``entries`` has only the entry that was found under the current key.
    """

    entries: Mapping[str, Any]
    former: Mapping[str, str]
    leftover: Mapping[str, str]


def carry_over(names: Mapping[str, str], found: Mapping[str, T]) -> Carried:
    """Return the entries of ``found`` with the current key in place of each former key.

    ``names`` is the result of ``former_names``. The mapping ``found`` does not change.
    """
    former: dict[str, str] = {}
    leftover: dict[str, str] = {}
    if not (carried := [old for old in names if old in found]):
        return Carried(found, former, leftover)
    entries = dict(found)
    for old in carried:
        entry, key = entries.pop(old), names[old]
        if key in entries:
            leftover[old] = key
        else:
            entries[key], former[key] = entry, old
    return Carried(entries, former, leftover)


def imported_names(key: str, formerly: Iterable[str], imported_from: tuple[str, ...]) -> tuple[str, ...]:
    """Return the environment variables of a setting, followed by the variables of its former keys.

    For example, if the key ``token`` is imported from ``SHOP_TOKEN``, the former key ``mail_token`` is
    imported from ``SHOP_MAIL_TOKEN``.
    """
    ending = key.upper()
    former = [
        name.removesuffix(ending) + old.upper()
        for old in formerly
        for name in imported_from
        if name.endswith(ending)
    ]
    return tuple(dict.fromkeys((*imported_from, *former)))
