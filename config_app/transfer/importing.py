"""Plans the import of a document: which settings change, and which are left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from config_app import store
from config_app.change.plan import Plan, plan
from config_app.declaration.unset import UNSET
from config_app.errors import ConfigError, InvalidPlan, UnknownSetting, is_key_shaped
from config_app.project import get_schema
from config_app.transfer.document import Document
from config_app.transfer.selection import EVERYTHING, Selection


@dataclasses.dataclass(frozen=True, slots=True)
class Import:
    """The plan of an import, and notes for the person who imports."""

    plan: Plan
    notes: tuple[str, ...]


def plan_import(
    document: Document,
    selection: Selection = EVERYTHING,
    *,
    replace: bool = False,
    base_revision: int | None = None,
    from_shell: bool = False,
) -> Import:
    """Return a plan that gives the settings of ``document`` their exported values.

    ``from_shell`` has the same meaning as for ``plan``.

    The settings that the document does not contain keep their values. With ``replace``, these settings return
    to their defaults if they are selected. Even then, a setting keeps its value in these cases:

    - The export omitted the setting.
    - Only code is allowed to change the setting.
    - The setting belongs to one machine, and its key was not selected.
    - The setting is a secret, and the document has no secrets.

    If a value is not valid or a key is unknown, raise ``InvalidPlan`` with all errors.
    """
    found = _Changes(document, selection)
    changes = found.changes | (dict.fromkeys(found.missing(), UNSET) if replace else {})
    try:
        planned = plan(changes, base_revision, from_shell=from_shell)
    except InvalidPlan as refused:
        raise InvalidPlan([*found.errors, *refused.errors]) from None
    if found.errors:
        raise InvalidPlan(found.errors)
    return Import(planned, tuple(found.notes))


class _Changes:
    """The changes, the notes and the errors that result from the settings of a document."""

    def __init__(self, document: Document, selection: Selection) -> None:
        self.document, self.selection = document, selection
        self.changes: dict[str, Any] = {}
        self.notes: list[str] = []
        self.errors: list[ConfigError] = []
        self._given: dict[str, str] = {}
        for key, value in document.settings.items():
            self._take(key, value)

    def _take(self, given: str, value: Any) -> None:
        """Add one setting of the document to the changes, to the notes or to the errors."""
        schema = get_schema()
        key = schema.current_key(given)
        if not self.selection.covers(key):
            return
        if key not in schema.settings:
            self._leave_out(key)
        elif key in self._given:
            twice = f"{key}: given twice, as {self._given[key]} and as {given}"
            self.errors.append(ConfigError(twice, keys=(key,), fix="remove one of the two from the file"))
        elif self.selection.leaves_to_machine(schema[key]):
            note = f"{key}: this setting belongs to one machine, so it is left out; add --include {key}"
            self.notes.append(f"{note} to import it")
        else:
            self._given[key] = given
            self.changes[key] = value
            if given != key:
                self.notes.append(f"{given}: this setting is called {key} now")

    def _leave_out(self, key: str) -> None:
        if store.history(key=key, limit=1):
            self.notes.append(f"{key}: this setting was removed from the project, so it is left out")
        else:
            self.errors.append(_unknown(key))

    def missing(self) -> Iterable[str]:
        """Yield the keys of the settings that an import with ``replace`` returns to their defaults."""
        omitted = {get_schema().current_key(key) for key in self.document.omitted}
        for key, setting in get_schema().settings.items():
            is_kept = setting.managed or self.selection.leaves_to_machine(setting) or key in omitted
            is_secret = setting.is_secret and not self.document.has_secrets
            if not (is_kept or is_secret or key in self._given) and self.selection.covers(key):
                yield key


def _unknown(key: str) -> ConfigError:
    error = UnknownSetting(key, get_schema().suggestions(key))
    if error.fix is None and is_key_shaped(key):
        error.fix = f"leave it out with --except {key}"
    return error
