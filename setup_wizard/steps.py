"""What a wizard is made of: steps, groups of settings, and live tests of what was entered."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

if TYPE_CHECKING:
    from setup_wizard.claiming.forms import StepForm

MODE, ACCOUNT = "mode", "account"
"""The steps that the wizard itself knows: the choice of a mode, and the administrator's account."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What a live test found; ``message`` is one sentence that never has a secret in it."""

    ok: bool
    message: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A live test of the values entered for ``keys``.

    A secret that was left blank is the stored one, but only as long as the other values are those that it
    was stored with (W1).
    """

    name: str
    label: str
    keys: tuple[str, ...]
    run: Callable[[Mapping[str, Any], HttpRequest], CheckResult]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Settings that stand together on a step; ``modes`` says in which they are asked for (none: all)."""

    keys: tuple[str, ...]
    title: str = ""
    description: str = ""
    probe: Probe | None = None
    modes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One page of the wizard, whose fields are those of the settings it names."""

    name: str
    label: str
    title: str
    intro: str
    groups: tuple[Group, ...] = ()
    required: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    template: str = "setup_wizard/step.html"
    form_class: type[StepForm] | None = None

    def applies_to(self, mode: str) -> bool:
        """Tell whether the step is part of setting up ``mode``."""
        return not self.modes or mode in self.modes

    def groups_in(self, mode: str) -> list[Group]:
        """Return the groups that are asked for in ``mode``."""
        return [group for group in self.groups if not group.modes or mode in group.modes]

    def keys_in(self, mode: str) -> list[str]:
        """Return the settings that are asked for in ``mode``."""
        return [key for group in self.groups_in(mode) for key in group.keys]
