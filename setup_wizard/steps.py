"""The parts of a wizard: steps, groups of settings, and tests of the entered values."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

if TYPE_CHECKING:
    from setup_wizard.claiming.forms import StepForm

MODE, ACCOUNT = "mode", "account"
"""The names of two steps that the wizard itself uses: the mode and the administrator's account."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The result of a probe. ``message`` is one sentence. The sentence never contains a secret."""

    ok: bool
    message: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A test of the values entered for the settings ``keys``, for example whether a port is free.

    If the field of a secret is blank, the probe uses the stored secret. However, if another value in ``keys``
    differs from the stored value, the person must enter the secret.
    """

    name: str
    label: str
    keys: tuple[str, ...]
    run: Callable[[Mapping[str, Any], HttpRequest], CheckResult]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Settings that a step shows together.

    ``modes`` are the modes in which the step shows the group. If ``modes`` is empty, the step shows the group
    in every mode.
    """

    keys: tuple[str, ...]
    title: str = ""
    description: str = ""
    probe: Probe | None = None
    modes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One page of the wizard. The page has a field for each setting in the step's groups."""

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
        """Return whether the step is shown in ``mode``."""
        return not self.modes or mode in self.modes

    def groups_in(self, mode: str) -> list[Group]:
        """Return the groups that are shown in ``mode``."""
        return [group for group in self.groups if not group.modes or mode in group.modes]

    def keys_in(self, mode: str) -> list[str]:
        """Return the keys of the settings that are shown in ``mode``."""
        return [key for group in self.groups_in(mode) for key in group.keys]
