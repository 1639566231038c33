"""The overview: every setting with its current value, the source of that value, and every problem."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from config_app import store
from config_app.declaration.schema import Setting
from config_app.declaration.secret import Secret
from config_app.live.resolution import Reader, Resolution, read_with_keyring, refusal_problems
from config_app.live.snapshot import read_known
from config_app.models import Change, Process
from config_app.problems import Problem
from config_app.project import get_project, get_schema
from config_app.propagation import progress, receipts
from config_app.propagation.progress import Summary
from config_app.propagation.sources import find_hindrances
from config_app.store import Stored, deadlines

Json = Any


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SettingStatus:
    """One setting: its current value, and why the database or a process can have another value.

    If the stored value is refused, ``refused`` says what was expected. Some running processes may use a value
    from their command line instead; ``pins`` lists these values. ``behind`` is the number of processes that
    have not loaded the setting's newest change, or have not acted on this change yet.
    """

    setting: Setting
    value: Any
    is_stored: bool
    refused: str | None
    pins: tuple[str, ...]
    behind: int

    @property
    def source(self) -> str:
        """Return the source of the current value: ``database`` or ``default``."""
        from_row = self.is_stored and (self.refused is None or self.value != self.setting.default)
        return "database" if from_row else "default"

    def as_json(self, *, reveal: bool = False) -> dict[str, Json]:
        """Return the setting as JSON data. The value of a secret is null unless ``reveal`` is true."""
        is_secret = self.setting.is_secret
        entry: dict[str, Json] = {
            "value": json_value(self.value, reveal=reveal),
            "source": self.source,
            "is_secret": is_secret,
            "section": self.setting.section.key,
        }
        extras = {
            "is_set": self.value is not None if is_secret else None,
            "refused": self.refused,
            "pinned": list(self.pins) or None,
            "processes_behind": self.behind or None,
        }
        return entry | {name: extra for name, extra in extras.items() if extra is not None}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The whole configuration at one moment, with everything that needs a person's attention.

    ``drifted`` is true if a write bypassed the store and no revision has recorded this write yet.
    ``unconfirmed`` has a pair for each revision that waits to be confirmed: the number of the revision, and
    the seconds until config_app reverts this revision.
    """

    config: Any = dataclasses.field(repr=False)
    state: str
    mode: str | None
    revision: int
    drifted: bool
    entries: Mapping[str, SettingStatus]
    stored_problems: tuple[Problem, ...]
    other_problems: tuple[Problem, ...]
    last_changes: Mapping[str, Change]
    processes: tuple[Process, ...]
    unconfirmed: tuple[tuple[int, float], ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return all problems. The problems of stored values come first."""
        return (*self.stored_problems, *self.other_problems)

    @property
    def summary(self) -> Summary:
        """Return the summary, which counts the running processes that run the newest revision."""
        return Summary(self.revision, self.processes)

    def as_json(self) -> dict[str, Json]:
        """Return the JSON data of ``config show --json`` and ``/api/config``, without secret values."""
        return {
            "state": self.state,
            "revision": self.revision,
            "mode": self.mode,
            "settings": {key: entry.as_json() for key, entry in self.entries.items()},
            "problems": [problem.as_json() for problem in self.problems],
            "processes": [progress.as_json(process) for process in self.processes],
            "confirmations": [
                {"revision": number, "seconds_left": round(left, 1)} for number, left in self.unconfirmed
            ],
        }


def read_overview(reader: Reader = read_with_keyring) -> Overview:
    """Read the database and return the overview; write nothing.

    Raise ``DatabaseUnavailable`` if the database cannot be read.
    """
    schema, project, known = get_schema(), get_project(), read_known(reader)
    stored, resolution = known.stored, known.resolution
    processes, changes = receipts.running(), store.last_changes()
    config = resolution.config
    return Overview(
        config=config,
        state=project.state(config),
        mode=project.mode(config),
        revision=stored.revision,
        drifted=stored.drifted,
        entries=_entries(stored, resolution, processes, changes),
        stored_problems=(*resolution.problems, *refusal_problems(schema, resolution)),
        other_problems=(
            *find_hindrances(),
            *project.problems(config),
            *project.findings(config),
            *project.drift(config),
        ),
        last_changes=changes,
        processes=tuple(processes),
        unconfirmed=tuple(deadlines.unconfirmed()),
    )


def _entries(
    stored: Stored, resolution: Resolution[Any], processes: Iterable[Process], changes: Mapping[str, Change]
) -> dict[str, SettingStatus]:
    schema, processes = get_schema(), list(processes)
    return {
        key: SettingStatus(
            setting=setting,
            value=schema.value(resolution.config, key),
            is_stored=key in stored.rows,
            refused=resolution.refused.get(key),
            pins=tuple(dict.fromkeys(str(p.pins[key]) for p in processes if key in p.pins)),
            behind=_behind(key, changes.get(key), processes),
        )
        for key, setting in schema.settings.items()
    }


def _behind(key: str, change: Change | None, processes: Iterable[Process]) -> int:
    """Return how many processes have not loaded a setting's newest change or have not acted on it."""
    number = change.revision_id if change else 0
    return sum(process.revision < number or key in process.pending for process in processes)


def json_value(value: Any, *, reveal: bool = False) -> Json:
    """Return a value as JSON data; a secret becomes null unless ``reveal`` is true.

    Numbers, booleans and lists keep their type. Values of other types become texts.
    """
    if isinstance(value, Secret):
        return value.reveal() if reveal else None
    if isinstance(value, tuple):
        return [json_value(entry) for entry in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
