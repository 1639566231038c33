"""Declare the port for django-dynamic-preferences. That library imports modules of this name."""

from __future__ import annotations

from dynamic_preferences.registries import global_preferences_registry
from dynamic_preferences.types import IntegerPreference, Section


@global_preferences_registry.register
class Port(IntegerPreference):  # type: ignore[misc]  # the library has no types
    """The setting that the benchmarks read."""

    section = Section("bench")
    name = "port"
    default = 8000
