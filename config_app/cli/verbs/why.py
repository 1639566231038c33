"""``config why``: explain where the value of a setting comes from and which values are allowed.

The verb also shows what else affects the setting, such as problems and pinned values.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from itertools import chain
from typing import Any

from config_app import store
from config_app.cli.revisions import change_line, origin, refusal, revision_json, when
from config_app.cli.terminal import Terminal, abbreviated
from config_app.cli.verb import Verb, add_json_option, find_setting, warn_of_former_keys
from config_app.declaration.schema import Setting
from config_app.models import Revision
from config_app.presentation.changes import change_rows
from config_app.presentation.overview import Overview, SettingStatus, json_value, read_overview
from config_app.problems import Problem
from config_app.project import get_schema

Fact = tuple[str, str]


class Why(Verb):
    """Explains one setting."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the key and ``--json``."""
        parser.add_argument("key", metavar="KEY", help="the setting; config show lists all keys")
        add_json_option(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Print the current value, then a line for each detail, such as the source of the value."""
        key = find_setting(options.key).key
        warn_of_former_keys([options.key], terminal)
        overview = read_overview()
        entry, accepted = overview.entries[key], _accepted(key)
        if options.as_json:
            terminal.json(_as_json(overview, entry, accepted))
            return
        terminal.line(f"{key} = {abbreviated(entry.setting.display(entry.value)) or '(empty)'}")
        facts = (_origin(overview, entry, accepted), _surroundings(overview, entry), _declared(entry.setting))
        for name, text in chain.from_iterable(facts):
            terminal.line(f"  {name:<13} {text}")


def _accepted(key: str) -> Revision | None:
    """Return the newest revision with a change of ``key`` that was not refused.

    Return ``None`` if there is no such revision.
    """
    for revision in store.history(key=key):
        if any(
            get_schema().current_key(change.key) == key and not change.refused
            for change in revision.changes.all()
        ):
            return revision
    return None


def _origin(overview: Overview, entry: SettingStatus, accepted: Revision | None) -> Iterator[Fact]:
    key = entry.setting.key
    yield "from", _source(entry)
    if accepted is not None:
        yield "revision", f"{accepted.number}, {when(accepted)}, {origin(accepted)}"
        yield from (("change", change_line(row)) for row in change_rows(accepted) if row.key == key)
    if _is_unrecorded(overview, entry):
        yield "unrecorded", "the row was changed with SQL, and no revision records this change yet"


def _is_unrecorded(overview: Overview, entry: SettingStatus) -> bool:
    """Return whether the row was changed with SQL and no revision records the change yet."""
    last = overview.last_changes.get(entry.setting.key)
    return overview.drifted and (last.new_value if last else None) != _row_text(entry.setting.key)


def _row_text(key: str) -> str | None:
    row = store.read().rows.get(key)
    return row.value if row else None


def _source(entry: SettingStatus) -> str:
    if entry.refused is not None:
        kind = "the default" if entry.source == "default" else "the last good value"
        return f"{kind}, because the stored value is not used: {refusal(entry.refused)}"
    return "the database" if entry.source == "database" else "the default; nothing is stored"


def _surroundings(overview: Overview, entry: SettingStatus) -> Iterator[Fact]:
    """Yield the problems and pinned values of the setting, and the moment when a change takes effect.

    If some processes have not acted on the last change yet, also yield the number of these processes.
    """
    for problem in _concerning(overview, entry):
        yield "problem", str(problem)
    for process in overview.processes:
        if (pin := process.pins.get(entry.setting.key)) is not None:
            yield "pinned", f"to {pin} by the command line or the environment of {process}"
    if entry.behind:
        yield (
            "pending",
            f"{entry.behind} of {len(overview.processes)} processes have not acted on the last change yet",
        )
    yield "takes effect", entry.setting.takes_effect.description


def _concerning(overview: Overview, entry: SettingStatus) -> list[Problem]:
    return [problem for problem in overview.problems if entry.setting.key in problem.keys]


def _declared(setting: Setting) -> Iterator[Fact]:
    yield "expected", setting.expected
    yield "default", setting.display(setting.default) or "(empty)"
    if setting.imported_from:
        yield "can be imported from", " or ".join(setting.imported_from)
    if setting.managed:
        yield "managed", "only the application itself changes this setting"
    yield "help", setting.help


def _as_json(overview: Overview, entry: SettingStatus, accepted: Revision | None) -> dict[str, Any]:
    setting = entry.setting
    return {
        "key": setting.key,
        **entry.as_json(),
        "revision": revision_json(accepted) if accepted else None,
        "recorded": not _is_unrecorded(overview, entry),
        "problems": [problem.as_json() for problem in _concerning(overview, entry)],
        "takes_effect": setting.takes_effect.value,
        "expected": setting.expected,
        "default": json_value(setting.default),
        "imported_from": list(setting.imported_from),
        "managed": setting.managed,
        "help": setting.help,
    }
