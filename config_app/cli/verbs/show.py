"""``config show``: print the current settings and the problems."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable

from config_app.cli.outcome import deadline_line
from config_app.cli.terminal import Terminal
from config_app.cli.verb import Verb, add_json_option
from config_app.presentation.overview import Overview, SettingStatus, read_overview
from config_app.problems import Problem
from config_app.project import get_project, get_schema
from config_app.propagation.progress import Summary, remark

UNREADABLE = "✗ needs re-entry"


class Show(Verb):
    """Prints the state of the install, the settings and the problems."""

    needs_install = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--all``, ``--section`` and ``--json``."""
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--all", action="store_true", dest="every", help="show every setting")
        which.add_argument("--section", metavar="S", help="show the settings of one section, such as network")
        add_json_option(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Print the overview. If the install was never started, print only how to start the install."""
        if (lacking := get_project().lacking()) is not None:
            _show_lacking(lacking, options, terminal)
            return
        keys = _wanted(options.section)
        overview = read_overview()
        if options.as_json:
            terminal.json(_restricted(overview, keys))
        else:
            _show(overview, keys, terminal, detailed=bool(options.every or options.section))


def _wanted(section: str | None) -> list[str]:
    schema = get_schema()
    if section is None:
        return list(schema.settings)
    return [setting.key for setting in schema.in_section(schema.find_section(section))]


def _show_lacking(lacking: Problem, options: Namespace, terminal: Terminal) -> None:
    if options.as_json:
        empty = {"state": lacking.code, "revision": 0, "mode": None, "settings": {}}
        terminal.json(empty | {"problems": [lacking.as_json()], "processes": [], "confirmations": []})
    else:
        terminal.line(f"{get_project().words.state}: {lacking.code}")
        terminal.line()
        terminal.line(str(lacking))


def _restricted(overview: Overview, keys: Iterable[str]) -> dict[str, object]:
    found = overview.as_json()
    return found | {"settings": {key: found["settings"][key] for key in keys}}


def _show(overview: Overview, keys: Iterable[str], terminal: Terminal, *, detailed: bool) -> None:
    entries = [overview.entries[key] for key in keys]
    terminal.line(f"{get_project().words.state}: {overview.state}")
    terminal.line()
    if detailed:
        terminal.table(("Setting", "Value", "Source", "Remarks"), map(_detailed_row, entries))
    else:
        terminal.table(("Setting", "Value"), map(_summary_row, _summarised(entries)))
    if overview.processes:
        terminal.line()
        _show_processes(overview.summary, terminal)
    if overview.unconfirmed:
        terminal.line()
    for number, seconds_left in overview.unconfirmed:
        terminal.line(f"warning: {deadline_line(number, seconds_left)}")
    if overview.problems:
        terminal.line()
    for problem in overview.problems:
        terminal.line(f"{problem.severity}: {problem}")


def _summarised(entries: list[SettingStatus]) -> list[SettingStatus]:
    """Return the entries whose setting has a ``summary``. Without such entries, return all entries."""
    return [entry for entry in entries if entry.setting.declaration.summary] or entries


def _show_processes(summary: Summary, terminal: Terminal) -> None:
    """Print a summary, and a warning for each process that has an error or uses an older revision."""
    terminal.line(str(summary))
    for process in summary.processes:
        if process in summary.behind or process.error:
            terminal.line(f"warning: {remark(process)}")


def _summary_row(entry: SettingStatus) -> tuple[str, str]:
    summary = entry.setting.declaration.summary
    value = _unreadable(entry) or (summary or entry.setting.display)(entry.value)
    remarks = [*_pins(entry), *_last_good(entry)]
    return entry.setting.label, f"{value} ({', '.join(remarks)})" if remarks else value


def _detailed_row(entry: SettingStatus) -> tuple[str, str, str, str]:
    value = _unreadable(entry) or entry.setting.display(entry.value)
    remarks = [*_pins(entry), *_last_good(entry), *_behind(entry)]
    return entry.setting.key, value, entry.source, ", ".join(remarks)


def _unreadable(entry: SettingStatus) -> str | None:
    """Return ``UNREADABLE`` if the secret of the entry cannot be decrypted. Otherwise, return ``None``."""
    lost = entry.setting.is_secret and entry.refused is not None and entry.value is None
    return UNREADABLE if lost else None


def _pins(entry: SettingStatus) -> list[str]:
    return [f"pinned to {pin}" for pin in entry.pins]


def _last_good(entry: SettingStatus) -> list[str]:
    shown = entry.refused is not None and _unreadable(entry) is None
    return ["last good value; the stored value is not valid"] if shown else []


def _behind(entry: SettingStatus) -> list[str]:
    return [f"pending in {entry.behind} processes"] if entry.behind else []
