"""``manage.py loadenv``: import ``.env`` at the first start, or again with ``--again``."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from config_app import store
from config_app.change.plan import Difference, Plan, plan
from config_app.cli.command import OneLineCommand
from config_app.cli.outcome import commit, show_dry_run, show_plan
from config_app.cli.revisions import revision_json, revision_lines, when
from config_app.cli.verb import add_writing_options
from config_app.errors import ConfigError
from config_app.project import get_project
from config_app.store.failures import database_errors
from hub.bootstrap import bootstrap_application
from hub.environment.env_file import read_env_file
from hub.environment.env_import import Import, instance, read_import, understood, unknown
from hub.environment.instance import ENV_FILE
from hub.runtime_config import schema


class Command(OneLineCommand):
    """The command that imports ``.env`` and the process environment."""

    help = "Import .env and the process environment. This happens once, at the first start."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the argument for the file, and the options for another import."""
        parser.add_argument("file", nargs="?", metavar="FILE", help="the file to import instead of .env")
        parser.add_argument("--again", action="store_true", help="show the plan, then import again")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        add_writing_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the first start, or import again.

        After the first start, raise ``ConfigError`` unless ``--again`` or ``--dry-run`` is given.
        """
        wanted = Namespace(**options)
        with database_errors():
            if get_project().lacking() is not None:
                self._first(wanted)
            elif wanted.again or wanted.dry_run:
                self._again(wanted)
            else:
                raise _done()

    def _first(self, options: Namespace) -> None:
        """Run the first start, and import the file. With ``--dry-run``, only show the plan."""
        file = _file(options)
        if options.dry_run:
            show_dry_run(_first_plan(self._read(file)), self.terminal, as_json=options.as_json)
            return
        if file != instance().env_file:
            _run_with(file, as_json=options.as_json)
        bootstrap_application()
        self._show_import(as_json=options.as_json)

    def _show_import(self, *, as_json: bool) -> None:
        revisions = [found for found in store.history() if found.channel == "env"]
        if as_json:
            self.terminal.json({"revisions": [revision_json(revision) for revision in revisions]})
            return
        for revision in revisions:
            for line in revision_lines(revision):
                self.terminal.line(line)
        if not revisions:
            self.terminal.line("nothing to import: no variable belongs to a setting")

    def _again(self, options: Namespace) -> None:
        file = _file(options)
        drawn = plan(self._read(file).values)
        if drawn.differences and not options.dry_run:
            self._confirm(drawn, options)
        commit(drawn, options, self.terminal, reason=f"imported again from {file}", channel="env")

    def _confirm(self, drawn: Plan, options: Namespace) -> None:
        if not options.as_json:
            show_plan(drawn, self.terminal)
        if not options.yes:
            self.terminal.confirm("Import this?")

    def _read(self, file: Path) -> Import:
        """Return what an import would set. Print a warning for each variable that cannot be imported.

        Raise ``UnreadableEnvFile`` if a line of the file is not understood.
        """
        contents = understood(read_env_file(file))
        for problem in unknown(os.environ, contents):
            self.terminal.warn(str(problem))
        found = read_import(os.environ, contents)
        for key, note in found.refusals.items():
            self.terminal.warn(f"{key}: {note}")
        return found


def _file(options: Namespace) -> Path:
    """Return the path of the file to import. Raise ``ConfigError`` if ``FILE`` does not exist."""
    if options.file is None:
        return instance().env_file
    path = Path(options.file).absolute()
    if not path.exists():
        raise ConfigError(f"{path} does not exist", fix="check the path")
    return path


def _run_with(file: Path, *, as_json: bool) -> None:
    """Replace this process with a new ``loadenv`` process. The new process uses ``file`` as its ``.env``."""
    # The file may name the database and the key, and a process reads those when it starts.
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "loadenv"]
    sys.stdout.flush()
    os.execve(
        sys.executable, [*command, *(["--json"] if as_json else [])], os.environ | {ENV_FILE: str(file)}
    )


def _first_plan(found: Import) -> Plan:
    """Return the plan of the first start. In the plan, the old value of each setting is its default."""
    values, defaults = found.values, schema.defaults
    differences = (_difference(key, value) for key, value in values.items())
    return Plan(
        changes=values,
        revision=0,
        base_revision=None,
        managed=False,
        refusals=found.refusals,
        before=defaults,
        after=schema.build(values),
        differences=tuple(differences),
        edits=(),
    )


def _difference(key: str, value: Any) -> Difference:
    setting = schema[key]
    return Difference(
        key=key,
        label=setting.label,
        old=setting.display(setting.default),
        new=setting.display(value),
        takes_effect=setting.takes_effect,
    )


def _done() -> ConfigError:
    """Return the error for a second import without ``--again``."""
    first = store.history(before=2, limit=1)
    at = f", on {when(first[0])}" if first else ""
    return ConfigError(
        f"the environment was imported at the first start{at}; since then, only the database counts",
        fix="run manage.py loadenv --again to see what another import would change",
    )
