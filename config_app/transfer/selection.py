"""Selects the settings that an export or an import includes."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from config_app.declaration.schema import Setting
from config_app.project import get_schema


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """The settings that an export or an import includes.

    - ``only``: the keys of the settings to include. ``None`` means all settings.
    - ``excluded``: the keys of the settings to leave out.
    - ``included``: the keys of machine-specific settings to include too.
    """

    only: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()
    included: frozenset[str] = frozenset()

    def covers(self, key: str) -> bool:
        """Return whether ``key`` is selected."""
        return (self.only is None or key in self.only | self.included) and key not in self.excluded

    def leaves_to_machine(self, setting: Setting) -> bool:
        """Return whether ``setting`` belongs to one machine and is in neither ``only`` nor ``included``."""
        named = (self.only or frozenset()) | self.included
        return setting.is_machine_specific and setting.key not in named


EVERYTHING = Selection()


def select(
    *,
    only: Collection[str] = (),
    excluded: Collection[str] = (),
    included: Collection[str] = (),
    sections: Collection[str] = (),
    others: Collection[str] = (),
) -> Selection:
    """Return the selection for the given keys and sections.

    A former key selects the setting that had this key. ``others`` are keys that are accepted although no
    setting has them. Raise ``UnknownSetting`` if any other key is unknown. Raise ``ConfigError`` if a section
    does not exist.
    """
    schema = get_schema()

    def current(keys: Collection[str]) -> frozenset[str]:
        found = (schema.current_key(key) for key in keys)
        return frozenset(key if key in others else schema[key].key for key in found)

    # A section does not name its settings, so it must not silently carry over settings of one machine.
    in_sections = {s.key for name in sections for s in schema.in_section(schema.find_section(name))}
    shared = {key for key in in_sections if not schema[key].is_machine_specific}
    everything = not only and not sections
    return Selection(
        only=None if everything else current(only) | shared,
        excluded=current(excluded),
        included=current(included),
    )
