"""What a declaration is made of: one ``setting()`` per value, grouped in ``Section``s."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from typing import Any, TypeVar

from django import forms

T = TypeVar("T")
METADATA_KEY = "config_app.setting"


class TakesEffect(enum.Enum):
    """When a committed change is in force in a running process."""

    LIVE = "live"
    LISTENERS = "listeners"
    WORKERS = "workers"

    @property
    def description(self) -> str:
        """Return the sentence that the editor and the reference print."""
        return {
            TakesEffect.LIVE: "at once, in every process",
            TakesEffect.LISTENERS: "when the listeners move",
            TakesEffect.WORKERS: "when the workers are renewed",
        }[self]


class Editable(enum.Enum):
    """Who may change a setting: anyone with the right, only the shell, or only the code."""

    EVERYWHERE = "everywhere"
    SHELL = "shell"
    MANAGED = "managed"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Settings that belong together: one fieldset, one wizard step, one chapter of the reference."""

    key: str
    title: str
    description: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """Everything ``setting()`` was told, kept in the metadata of the dataclass field."""

    section: Section
    label: str
    field: forms.Field
    help: str
    key: str | None
    imported_from: tuple[str, ...]
    takes_effect: TakesEffect
    editable: Editable
    can_lock_out: bool
    sensitive: bool
    summary: Callable[[Any], str] | None


def setting(
    default: T,
    *,
    section: Section,
    label: str,
    field: forms.Field,
    help: str,
    key: str | None = None,
    imported_from: tuple[str, ...] = (),
    takes_effect: TakesEffect = TakesEffect.LIVE,
    editable: Editable = Editable.EVERYWHERE,
    can_lock_out: bool = False,
    sensitive: bool = False,
    summary: Callable[[Any], str] | None = None,
) -> T:
    """Declare one setting as the default of a dataclass field.

    ``key`` is its name in the database and on the command line (default: the attribute's name),
    ``imported_from`` the environment variables that a first start reads, in order of precedence,
    ``can_lock_out`` that a wrong value could keep its author from correcting it,
    ``sensitive`` that whoever may change it could gain rights or the trust of others, as with every secret,
    ``summary`` how the short table of ``config show`` abbreviates the value (absent: not listed there).
    """
    declaration = Declaration(
        section=section,
        label=label,
        field=field,
        help=help,
        key=key,
        imported_from=imported_from,
        takes_effect=takes_effect,
        editable=editable,
        can_lock_out=can_lock_out,
        sensitive=sensitive,
        summary=summary,
    )
    return dataclasses.field(default=default, metadata={METADATA_KEY: declaration})
