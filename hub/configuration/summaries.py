"""Functions that shorten values for the table of ``config show``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from config_app.declaration.schema import NOT_SET, SECRET_SET


def plain(value: object) -> str:
    """Return the value as text. For ``None`` and an empty text, return ``NOT_SET``."""
    return NOT_SET if value in {None, ""} else str(value)


def count(values: Sequence[object]) -> str:
    """Return a text with the number of values in a list, such as ``2 configured``."""
    return f"{len(values)} configured"


def whether(value: object) -> str:
    """Return a text that says whether the setting has a value. The text does not contain the value."""
    return NOT_SET if value is None else SECRET_SET


def prefix(start: str) -> Callable[[str | None], str]:
    """Return a function that returns ``start`` and ``***`` for a value, and ``NOT_SET`` for ``None``."""
    return lambda value: NOT_SET if value is None else f"{start}***"
