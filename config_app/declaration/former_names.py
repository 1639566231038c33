"""Former names of settings: what is stored under an old key belongs to the setting that has it now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from config_app.declaration.reserved import SALT_KEY

T = TypeVar("T")


def former_names(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the present key of each former one; a key that a setting has now is never a former one."""
    found: dict[str, str] = {}
    for key, setting in settings.items():
        for old in setting.formerly:
            if old not in settings and old != SALT_KEY:
                found.setdefault(old, key)
    return found


class Carried(NamedTuple):
    """Entries by present key.

    - ``former``: the former key of each entry that was found under it, by present key.
    - ``leftover``: the present key of each entry that has no effect, because there is a newer one.
    """

    entries: dict[str, Any]
    former: Mapping[str, str]
    leftover: Mapping[str, str]


def carry_over(names: Mapping[str, str], found: dict[str, T]) -> Carried:
    """Return ``found`` by present key, for ``names`` as ``former_names`` returns them."""
    former: dict[str, str] = {}
    leftover: dict[str, str] = {}
    for old in [old for old in names if old in found]:
        entry, key = found.pop(old), names[old]
        if key in found:
            leftover[old] = key
        else:
            found[key], former[key] = entry, old
    return Carried(found, former, leftover)


def imported_names(key: str, formerly: Iterable[str], imported_from: tuple[str, ...]) -> tuple[str, ...]:
    """Return the environment variables of a setting, followed by those of its former keys.

    With the key ``token`` and the variable ``SHOP_TOKEN``, the former key ``mail_token`` means
    ``SHOP_MAIL_TOKEN``.
    """
    ending = key.upper()
    former = [
        name.removesuffix(ending) + old.upper()
        for old in formerly
        for name in imported_from
        if name.endswith(ending)
    ]
    return tuple(dict.fromkeys((*imported_from, *former)))
