"""The content of the editor's page: sections with one row for each setting."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django import forms
from django.utils.text import capfirst

from config_app import store
from config_app.admin.conflict import Conflict
from config_app.admin.current import Current
from config_app.declaration.forms import ConfigurationForm
from config_app.declaration.schema import Setting
from config_app.declaration.setting import Editable, Section
from config_app.models import Change, Process
from config_app.problems import Problem, full_sentence, runnable, sentence
from config_app.propagation import progress

LONGEST = 200
READ_ONLY = {
    Editable.EVERYWHERE: "You are not permitted to change this setting.",
    Editable.SHELL: "To change this setting, run manage.py config set {key} VALUE.",
    Editable.MANAGED: "The application itself keeps this value up to date.",
}
# A person fixes these problems on the page itself, so the page does not show the shell command.
MENDED_HERE = {"invalid_value", "refused_value", "secret_unreadable"}


@dataclasses.dataclass(frozen=True, slots=True)
class Notice:
    """A remark about one setting.

    ``severity`` is ``clash``, ``pinned``, ``pending`` or the severity of a problem.
    """

    severity: str
    text: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One setting as the page shows it. If ``field`` is ``None``, the visitor cannot change the setting."""

    setting: Setting
    value: str
    default: str
    is_set: bool
    field: forms.BoundField | None
    ticks: list[forms.BoundField]
    edited: bool
    read_only: str
    notices: list[Notice]
    change: Change | None

    @property
    def default_text(self) -> str:
        """Return the default as the field shows it, for the checkbox ``Reset to default``."""
        return str(self.setting.declaration.field.prepare_value(self.setting.default) or "")

    @property
    def is_pending(self) -> bool:
        """Return whether some processes have not acted on the current value yet."""
        return any(notice.severity == "pending" for notice in self.notices)


@dataclasses.dataclass(frozen=True, slots=True)
class SectionRows:
    """A section with its rows."""

    section: Section
    rows: list[SettingRow]

    @property
    def errors(self) -> int:
        """Return the number of rows whose field has an error."""
        return sum(1 for row in self.rows if row.field and row.field.errors)


class EditorPage:
    """What the editor's page shows in addition to the form.

    The number of SQL queries does not depend on the number of settings.
    """

    def __init__(
        self, current: Current, form: ConfigurationForm | None, conflict: Conflict | None = None
    ) -> None:
        self.current = current
        self.form = form
        self._edited = _edited(form, conflict)
        self.problems = current.problems()
        self.summary = progress.summary(current.revision)
        self.processes = self.summary.processes
        self._changes = store.last_changes()
        self._notices = _notices(current, self.problems, self.processes, conflict.clashes if conflict else {})

    def groups(self) -> list[SectionRows]:
        """Return the sections with their rows, in declaration order."""
        schema = self.current.schema
        return [SectionRows(s, [self._row(x) for x in schema.in_section(s)]) for s in schema.sections]

    def general_problems(self) -> list[Problem]:
        """Return the problems that belong to no setting. The page shows them above the rows."""
        return [p for p in self.problems if not set(p.keys) & self.current.schema.settings.keys()]

    def _row(self, setting: Setting) -> SettingRow:
        key = setting.key
        is_editable = self.form is not None and key in self.form.fields
        return SettingRow(
            setting=setting,
            value=show(setting, self.current.value(key)),
            default=show(setting, setting.default),
            is_set=self.current.value(key) is not None,
            field=self.form[key] if self.form and is_editable else None,
            ticks=self.form.ticks(key) if self.form and is_editable else [],
            edited=key in self._edited,
            read_only=self._read_only(setting) if self.form and not is_editable else "",
            notices=self._notices.get(key, []),
            change=self._changes.get(key),
        )

    def _read_only(self, setting: Setting) -> str:
        return runnable(READ_ONLY[setting.declaration.editable].format(key=setting.key))


def _edited(form: ConfigurationForm | None, conflict: Conflict | None) -> set[str]:
    """Return the names of the fields in which the person has entered something that is not saved."""
    if conflict:
        return set(conflict.kept)
    return set(form.changed_data) if form and form.is_bound else set()


def show(setting: Setting, value: Any) -> str:
    """Return the value of a setting as text that people can read. Secrets are masked."""
    text = setting.display(value)
    # The space after each comma lets a browser break a long list into lines.
    return ", ".join(text.split(",")) if isinstance(value, tuple) else text


def _notices(
    current: Current, problems: Iterable[Problem], processes: Collection[Process], clashes: Mapping[str, str]
) -> Mapping[str, list[Notice]]:
    found: defaultdict[str, list[Notice]] = defaultdict(list)
    for key, text in clashes.items():
        found[key].append(Notice("clash", text))
    for problem in problems:
        for key in problem.keys:
            found[key].append(Notice(problem.severity, _explain(current, problem, key)))
    for key, text in progress.pinned(processes):
        found[key].append(Notice("pinned", full_sentence(text)))
    for key, text in _pending(current, processes):
        found[key].append(Notice("pending", text))
    return found


def _explain(current: Current, problem: Problem, key: str) -> str:
    named = f"{key}: "
    text = capfirst(problem.message.removeprefix(named)) if named in problem.message else sentence(problem)
    if problem.code not in MENDED_HERE:
        return f"{text}. {full_sentence(runnable(problem.fix))}".strip()
    return f"{text}. {_stored_text(current, problem, key)}".strip()


def _stored_text(current: Current, problem: Problem, key: str) -> str:
    """Return a sentence that quotes the invalid stored text of a setting.

    Return an empty text if the stored text is not the problem, or if the text is a secret.
    """
    row, setting = current.stored.rows.get(key), current.schema.settings.get(key)
    if problem.code != "invalid_value" or row is None or row.is_secret or not setting or setting.is_secret:
        return ""
    text = row.value if len(row.value) <= LONGEST else f"{row.value[:LONGEST]}…"
    return f"Stored: “{text}”."


def _pending(current: Current, processes: Collection[Process]) -> Iterable[tuple[str, str]]:
    """Yield the key of each pending setting, with a sentence that says when the value takes effect.

    A setting is pending if some processes have not acted on the current value of the setting yet.
    """
    counts = Counter(key for process in processes for key in process.pending)
    for key, count in counts.items():
        if (setting := current.schema.settings.get(key)) is not None:
            where = f"{count} of {len(processes)} processes"
            yield key, f"Pending in {where}: takes effect {setting.takes_effect.description}."
