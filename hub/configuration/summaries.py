"""Functions that shorten values for the table of ``config show``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from config_app.declaration.schema import NOT_SET, SECRET_SET


def plain(value: object) -> str:
    """Return the value as text. For ``None`` and an empty text, return ``NOT_SET``."""
    return NOT_SET if value in {None, ""} else str(value)


def count(values: Sequence[object]) -> str:
    """Return a text that says how many values a list has, such as ``2 configured``."""
    return f"{len(values)} configured"


def whether(value: object) -> str:
    """Return a text that says whether the setting has a value. The text does not contain the value."""
    return NOT_SET if value is None else SECRET_SET


def prefix(start: str) -> Callable[[str | None], str]:
    """Return a function that replaces a value with ``start`` and ``***``, and ``None`` with ``NOT_SET``."""
    return lambda value: NOT_SET if value is None else f"{start}***"
