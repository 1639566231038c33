"""Find variables that look like variables of the hub but are unknown, for example misspelt names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from config_app.problems import Problem
from hub.environment.foreign_variables import is_service_link
from hub.environment.variables import VARIABLES
from hub.runtime_config import schema

PREFIXES = ("HUB_", "WORKOS_")
SIMILAR = 0.75
"""The minimum similarity of a suggested name and the unknown name, from 0 (different) to 1 (equal)."""
# An editor's byte order mark or a space can become a part of the name.
_AROUND_NAMES = re.compile(r"^\W+|\W+$")


def unknown_variables(
    variables: Mapping[str, str], place: str, *, only_ours: bool = False
) -> Iterator[Problem]:
    """Yield a problem for each unknown variable that looks like a variable of the hub.

    The name of such a variable starts with one of ``PREFIXES``, as in ``hub_port``, or is the key of a
    setting, such as ``port``. ``only_ours`` says that no program except the hub reads ``variables``. Then
    ``PORT`` is a problem too. Without ``only_ours``, ``PORT`` may belong to another program.
    """
    known = _names_by_spelling()
    right, short = set(known.values()), _names_by_short_name()
    for name, text in sorted(variables.items()):
        if name in right or is_service_link(name, text):
            continue
        spelling = _AROUND_NAMES.sub("", name).upper()
        is_short = name in short or (only_ours and name.isupper() and name.lower() in schema.settings)
        if is_short or spelling in right or spelling.startswith(PREFIXES):
            yield Problem(
                code="env_unknown",
                message=f"{_printable(name)} of {place} is not a variable of the hub and has no effect",
                fix=_did_you_mean(short[name.lower()]) if is_short else _suggestion(spelling, known),
                severity="info",
            )


def _printable(name: str) -> str:
    return name if name.isprintable() else repr(name)


def _names_by_spelling() -> dict[str, str]:
    """Return a dict that maps each spelling of a variable's name to the correct name.

    The spellings are the correct names themselves and, for each setting, ``HUB_`` followed by its key.
    """
    imported = [setting for setting in schema.settings.values() if setting.imported_from]
    names = [*(name for setting in imported for name in setting.imported_from), *(v.name for v in VARIABLES)]
    return {f"HUB_{s.key.upper()}": s.imported_from[0] for s in imported} | {name: name for name in names}


def _names_by_short_name() -> dict[str, str]:
    """Return a dict that maps each key, and each name without ``HUB_``, to the correct name."""
    names = dict.fromkeys(_names_by_spelling().values())
    short = {name.removeprefix("HUB_").lower(): name for name in names if name.startswith("HUB_")}
    keys = {s.key: s.imported_from[0] for s in schema.settings.values() if s.imported_from}
    return short | keys


def _suggestion(name: str, known: dict[str, str]) -> str:
    found = difflib.get_close_matches(name, known, n=1, cutoff=SIMILAR)
    return _did_you_mean(known[found[0]]) if found else "remove it, or correct its name"


def _did_you_mean(name: str) -> str:
    return f"did you mean {name}?"
