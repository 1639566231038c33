"""A small configuration for tests, and ways to declare a setting incorrectly."""

from __future__ import annotations

import dataclasses
from typing import Any

from django import forms

from config_app import fields
from config_app.declaration.schema import Schema
from config_app.declaration.secret import Secret
from config_app.declaration.setting import Section, setting

FIRST = Section(key="first", title="First")
SECOND = Section(key="second", title="Second", description="The others.")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """Three settings."""

    port: int = setting(
        80, section=FIRST, label="Port", field=fields.PortField(), help="A port.", imported_from=("PORT",)
    )
    hosts: tuple[str, ...] = setting(
        (), key="host_names", section=SECOND, label="Hosts", field=fields.HostListField(), help="Names."
    )
    password: Secret | None = setting(
        None, section=SECOND, label="Password", field=fields.SecretField(required=False), help="A secret."
    )


def small(**options: Any) -> Schema[Small]:
    return Schema(Small, **options)


def declared(default: Any, *, annotation: Any = int, name: str = "one", **options: Any) -> Schema[Any]:
    """Return a schema of a single setting."""
    declaration: dict[str, Any] = {
        "section": FIRST,
        "label": "One",
        "field": fields.PortField(),
        "help": "A setting.",
    } | options
    field = (name, annotation, setting(default, **declaration))
    return Schema(dataclasses.make_dataclass("Config", [field], frozen=True, kw_only=True))


class FieldWithoutSerialise(forms.Field):
    """A field without a ``serialise`` method."""
