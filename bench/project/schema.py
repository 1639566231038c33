"""Declare a schema with any number of settings. The settings have types that are common in applications."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

from config_app import fields
from config_app.declaration.schema import Schema
from config_app.declaration.setting import Section, setting

KINDS: Sequence[tuple[type, Any, Callable[[], fields.SettingField[Any]]]] = (
    (int, 8000, fields.PortField),
    (bool, False, fields.BooleanField),
    (str, "info", lambda: fields.ChoiceField(["debug", "info", "warning"])),
    (str, "", lambda: fields.TextField(required=False, empty_value="")),
    (int, 10, lambda: fields.IntegerRangeField(0, 10_000)),
)
"""The type, the default and the field of each kind of setting. The setting ``port`` is of the first kind."""
TEXTS = ("8001", "true", "debug", "a line of text", "11")
"""For each kind of setting, a text to store. The text represents a value that is not the default."""
PER_SECTION = 20


def names(count: int) -> list[str]:
    """Return the keys of ``count`` settings."""
    return ["port", *(f"setting_{number}" for number in range(1, count))]


def texts(count: int) -> dict[str, str]:
    """Return a dict with the keys of ``count`` settings and a text to store for each setting."""
    return {name: TEXTS[number % len(KINDS)] for number, name in enumerate(names(count))}


def defaults(count: int) -> dict[str, Any]:
    """Return a dict with the keys and the defaults of ``count`` settings."""
    return {name: KINDS[number % len(KINDS)][1] for number, name in enumerate(names(count))}


def make_schema(count: int) -> Schema[Any]:
    """Return a schema with ``count`` settings."""
    declared = [_declare(number, name) for number, name in enumerate(names(count))]
    config_class = dataclasses.make_dataclass(
        "RuntimeConfig", declared, frozen=True, slots=True, kw_only=True
    )
    return Schema(config_class)


def _declare(number: int, name: str) -> tuple[str, type, Any]:
    kind, default, field = KINDS[number % len(KINDS)]
    section = _section(number // PER_SECTION)
    return (
        name,
        kind,
        setting(default, section=section, label=name, field=field(), help="For measuring."),
    )


@functools.cache
def _section(number: int) -> Section:
    return Section(key=f"section_{number}", title=f"Section {number}")
