"""A call of each verb of ``manage.py config`` that succeeds."""

from __future__ import annotations

GOOD_CALL: dict[str, tuple[str, ...]] = {
    "show": (),
    "get": ("port",),
    "set": ("port", "9001"),
    "unset": ("port",),
    "reset": ("--yes",),
    "history": (),
    "rollback": ("1",),
    "export": (),
    "import": ("hub.json", "--yes", "--include", "port"),
    "keys": (),
    "recovery-code": ("--file", "code"),
    "rotate-key": ("--yes",),
    "prune": (),
    "confirm": (),
    "watch": ("--since", "0", "--limit", "1"),
    "validate": (),
    "doctor": (),
    "why": ("port",),
    "docs": (),
}
"""For every verb, arguments with which it succeeds, in the order of the registry."""
BEFORE: dict[str, tuple[str, ...]] = {
    "import": ("export", "--include", "port", "hub.json"),
    "confirm": ("set", "port", "9001", "--confirm", "5m"),
}
"""Commands that must run first, so that a verb succeeds."""
