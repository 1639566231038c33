"""``setting()`` and ``Section``, with which a project declares its settings."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from django import forms

T = TypeVar("T")
METADATA_KEY = "config_app.setting"


class TakesEffect(enum.Enum):
    """When a committed change takes effect in a running process."""

    LIVE = "live"
    LISTENERS = "listeners"
    WORKERS = "workers"

    @property
    def description(self) -> str:
        """Return the words that follow "takes effect" in the editor, the CLI and the reference."""
        return {
            TakesEffect.LIVE: "at once, in every process",
            TakesEffect.LISTENERS: "when the server rebinds",
            TakesEffect.WORKERS: "when the workers are replaced",
        }[self]


class Editable(enum.Enum):
    """Where a setting can be changed: everywhere, only from a shell, or only by code (managed)."""

    EVERYWHERE = "everywhere"
    SHELL = "shell"
    MANAGED = "managed"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A group of settings: one fieldset in the editor, one chapter in the reference."""

    key: str
    title: str
    description: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """The arguments of one call of ``setting()``, kept in the metadata of the dataclass field."""

    section: Section
    label: str
    field: forms.Field
    help: str
    key: str | None
    imported_from: tuple[str, ...]
    takes_effect: TakesEffect
    editable: Editable
    can_lock_out: bool | Callable[[Any, Any], bool]
    sensitive: bool
    summary: Callable[[Any], str] | None
    formerly: tuple[str, ...] = ()
    machine_specific: bool = False

    def locks_out(self, before: Any, after: Any) -> bool:
        """Return whether the change from ``before`` to ``after`` could lock people out."""
        declared = self.can_lock_out
        return declared(before, after) if callable(declared) else declared


def removes_entries(before: Collection[Any], after: Collection[Any]) -> bool:
    """Return whether ``after`` lacks an entry of ``before``. Use it as ``can_lock_out`` of a list."""
    return not set(before) <= set(after)


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
    can_lock_out: bool | Callable[[Any, Any], bool] = False,
    sensitive: bool = False,
    summary: Callable[[Any], str] | None = None,
    formerly: tuple[str, ...] = (),
    machine_specific: bool = False,
) -> T:
    """Declare one setting; assign the result to a field of the dataclass.

    - ``key``: the name in the database and on the command line; by default the name of the attribute.
    - ``imported_from``: environment variables. At its first start, an install imports the first variable that
      is set.
    - ``can_lock_out``: a wrong value could lock out the people who would have to correct the value. This can
      also be a function of the old and the new value, such as ``removes_entries``.
    - ``sensitive``: a change needs a recent proof of identity. Every secret is sensitive. Use this argument
      for settings that give people rights or decide whom the application trusts.
    - ``summary``: a function that takes the value and returns the text for the short table of ``config
      show``. If no setting has a ``summary``, the table shows every setting. Otherwise the table shows only
      the settings with a ``summary``.
    - ``formerly``: the keys that the setting had in earlier versions. The values, the history and the
      environment variables of these keys still belong to the setting.
    - ``machine_specific``: the value belongs to one machine, such as the path of a file. An export or import
      leaves the setting out unless a person names its key.
    """
    if isinstance(formerly, str):  # type: ignore[unreachable]  # a comma is easily forgotten
        raise TypeError(f'formerly must be a tuple of keys, such as ("{formerly}",)')
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
        formerly=tuple(formerly),
        machine_specific=machine_specific,
    )
    return dataclasses.field(default=default, metadata={METADATA_KEY: declaration})
