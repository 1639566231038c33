"""Validates values that have a type other than text, such as ``50`` or ``("a.example",)``."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

UNFIT = (TypeError, ValueError, AttributeError, ArithmeticError, LookupError)
"""The exceptions that a field may raise for a value of an unexpected type."""


def clean_typed(field: forms.Field, value: Any) -> Any:
    """Normalise the typed ``value`` with ``field``, and return the result.

    Raise ``ValidationError`` if ``value`` is not valid.
    """
    # Almost anything has a text, and a field may accept that text: str([None]) is "[None]". So check the type
    # first. If the field does not name its types, parsing the text must return the same value.
    types: tuple[type, ...] = getattr(field, "typed", ())
    if types and not is_instance(value, types):
        raise _refusal(field)
    try:
        if check := getattr(field, "check_typed", None):
            check(value)
        found = field.clean(str(field.serialise(value)))  # type: ignore[attr-defined]  # E001 checks it
        if types or is_same(found, value):
            return found
    except UNFIT:
        pass
    raise _refusal(field)


def is_instance(value: Any, types: tuple[type, ...]) -> bool:
    """Return whether ``value`` has one of ``types``. A boolean does not count as an ``int``."""
    return type(value) in types or (isinstance(value, types) and not isinstance(value, bool))


def is_same(found: Any, value: Any) -> bool:
    """Return whether two values are equal. Here, ``True`` and ``1`` are not equal.

    A tuple and a list are equal if their items are equal.
    """
    if isinstance(found, tuple | list) and isinstance(value, tuple | list):
        return len(found) == len(value) and all(map(is_same, found, value))
    return bool(found == value) and isinstance(found, bool) == isinstance(value, bool)


def _refusal(field: forms.Field) -> ValidationError:
    return ValidationError(f"expected {getattr(field, 'expected', 'a valid value')}", code="invalid")
