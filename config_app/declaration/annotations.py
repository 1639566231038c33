"""Finds ``Secret`` in the annotation of a setting, also behind an alias or a ``NewType``."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Iterator
from typing import Any

from config_app.declaration.secret import Secret

_NAMED = re.compile(r"\bSecret\b")
_UNIONS = (typing.Union, types.UnionType)
_WRAPPERS = ("__supertype__", "__value__", "__bound__")
"""The attributes that hold the type behind a ``NewType``, a ``type`` alias (PEP 695) or a ``TypeVar``."""


def mentions_secret(annotation: Any) -> bool:
    """Return whether an annotation contains ``Secret`` anywhere, for example in a union or in a list."""
    return any(map(_is_secret, _parts(annotation, set())))


def is_secret_alone(annotation: Any) -> bool:
    """Return whether an annotation allows only ``Secret``, or only ``Secret`` and ``None``."""
    members = set(_members(annotation, set()))
    return len(members - {type(None)}) == 1 and any(map(_is_secret, members))


def _is_secret(found: Any) -> bool:
    if isinstance(found, typing.ForwardRef):
        found = found.__forward_arg__
    # A name in quotes inside an alias cannot be looked up from here, so its text decides.
    return found is Secret or (isinstance(found, str) and _NAMED.search(found) is not None)


def _parts(annotation: Any, seen: set[int]) -> Iterator[Any]:
    """Yield an annotation and every type inside the annotation.

    Yield each type only once, because an alias can contain itself.
    """
    if id(annotation) in seen:
        return
    seen.add(id(annotation))
    yield annotation
    for part in (*_arguments(annotation), *_wrapped(annotation)):
        yield from _parts(part, seen)


def _members(annotation: Any, seen: set[int]) -> Iterator[Any]:
    """Resolve aliases in the annotation. Then yield the members of the union.

    If the annotation is not a union, yield the single type.
    """
    if id(annotation) in seen:
        return
    seen.add(id(annotation))
    origin = typing.get_origin(annotation)
    if origin in _UNIONS:
        inner: Iterable[Any] = typing.get_args(annotation)
    elif origin in (typing.Annotated, typing.Final):
        inner = typing.get_args(annotation)[:1]
    elif hasattr(origin, "__value__"):  # an alias with parameters, such as Maybe[Secret]
        inner = [origin.__value__[typing.get_args(annotation)]]
    else:
        inner = list(_wrapped(annotation))
    if not inner:
        yield annotation
    for part in inner:
        yield from _members(part, seen)


def _arguments(annotation: Any) -> Iterator[Any]:
    """Yield the types in the brackets of an annotation, then the type before the brackets."""
    for argument in typing.get_args(annotation):
        yield from argument if isinstance(argument, list) else [argument]  # as in Callable[[Secret], None]
    if (origin := typing.get_origin(annotation)) is not None:
        yield origin


def _wrapped(annotation: Any) -> Iterator[Any]:
    if isinstance(annotation, type):
        return
    for name in _WRAPPERS:
        if (found := getattr(annotation, name, None)) is not None:
            yield found
    yield from getattr(annotation, "__constraints__", ())
