"""How the short table of ``config show`` abbreviates values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from config_app.declaration.schema import NOT_SET, SECRET_SET


def plain(value: object) -> str:
    """Return the value itself."""
    return NOT_SET if value in {None, ""} else str(value)


def count(values: Sequence[object]) -> str:
    """Return how many entries a list has."""
    return f"{len(values)} configured"


def whether(value: object) -> str:
    """Return only whether there is a value."""
    return NOT_SET if value is None else SECRET_SET


def prefix(start: str) -> Callable[[str | None], str]:
    """Return a summary that shows how a value starts and hides the rest."""
    return lambda value: NOT_SET if value is None else f"{start}***"
