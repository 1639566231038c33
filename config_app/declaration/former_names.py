"""Former keys of settings. A value that is stored under a former key still belongs to the setting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from config_app.declaration.reserved import SALT_KEY

T = TypeVar("T")


def former_names(settings: Mapping[str, Any]) -> dict[str, str]:
    """Map each former key to the current key. Leave out former keys that another setting has now."""
    found: dict[str, str] = {}
    for key, setting in settings.items():
        for old in setting.formerly:
            if old not in settings and old != SALT_KEY:
                found.setdefault(old, key)
    return found


class Carried(NamedTuple):
    """What ``carry_over`` returns.

    - ``entries``: maps current keys to entries.
    - ``former``: for each entry that was found under a former key, maps the current key to that former key.
    - ``leftover``: maps a former key to the current key if both had an entry. The entry of the former key is
      dropped.
    """

    entries: Mapping[str, Any]
    former: Mapping[str, str]
    leftover: Mapping[str, str]


def carry_over(names: Mapping[str, str], found: Mapping[str, T]) -> Carried:
    """Return the entries of ``found`` under current keys; ``names`` is the result of ``former_names``."""
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
    """Return the environment variables of a setting, followed by those of its former keys.

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
