"""Find variables that look like variables of the hub but are unknown, for example misspelt names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from config_app.problems import Problem
from hub.environment.variables import VARIABLES
from hub.runtime_config import schema

PREFIXES = ("HUB_", "WORKOS_")
# If a service is called "hub", Kubernetes and Docker links set these variables in every other container.
_SERVICE_LINK = re.compile(r"\w+_SERVICE_(?:HOST|PORT)(?:_\w+)?|\w+_PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_\w+)?")
SIMILAR = 0.75
"""The minimum similarity of a suggested name and the unknown name, from 0 (different) to 1 (equal)."""


def unknown_variables(variables: Mapping[str, str], place: str) -> Iterator[Problem]:
    """Yield a problem for each unknown variable whose name begins with one of ``PREFIXES``."""
    known = _names_by_spelling()
    for name, text in sorted(variables.items()):
        is_ours = name.startswith(PREFIXES) and not _is_service_link(name, text)
        if is_ours and name not in known.values():
            yield Problem(
                code="env_unknown",
                message=f"{name} of {place} is not a variable of the hub and has no effect",
                fix=_suggestion(name, known),
                severity="info",
            )


def _is_service_link(name: str, text: str) -> bool:
    is_url = name.endswith("_PORT") and text.startswith(("tcp://", "udp://", "sctp://"))
    return is_url or _SERVICE_LINK.fullmatch(name) is not None


def _names_by_spelling() -> dict[str, str]:
    """Return a dict that maps each spelling of a variable's name to the correct name.

    The spellings are the correct names themselves and, for each setting, ``HUB_`` followed by its key.
    """
    imported = [setting for setting in schema.settings.values() if setting.imported_from]
    names = [*(name for setting in imported for name in setting.imported_from), *(v.name for v in VARIABLES)]
    return {f"HUB_{s.key.upper()}": s.imported_from[0] for s in imported} | {name: name for name in names}


def _suggestion(name: str, known: dict[str, str]) -> str:
    found = difflib.get_close_matches(name, known, n=1, cutoff=SIMILAR)
    return f"did you mean {known[found[0]]}?" if found else "remove it, or correct its name"
