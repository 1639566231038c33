"""``manage.py config``: the command that shows, changes and explains the configuration."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandParser

from config_app.cli.command import OneLineCommand
from config_app.cli.parsing import DiscreetParser
from config_app.cli.registry import VERBS, VerbEntry
from config_app.cli.verb import Verb, add_process_options, require_install
from config_app.project import get_project
from config_app.store.failures import database_errors

EXIT_STATUS = "Exit status 0: done; 1: refused (nothing was changed) or failed; 2: called incorrectly."


class VerbParser(DiscreetParser):
    """Parses the arguments of one verb. The verb's module is imported only when the verb is called."""

    def __init__(self, *, entry: VerbEntry | None = None, **options: Any) -> None:
        """Set up the parser for ``entry``, the verb's entry in the registry."""
        super().__init__(**options)
        self._entry = entry
        self._verb: Verb | None = None

    def load_verb(self) -> None:
        """Import the verb and add its arguments. Do nothing if the verb was imported already."""
        if self._verb is None and self._entry is not None:
            self._verb = self._entry.load()
            self.description, self.epilog = self._entry.sentence, EXIT_STATUS
            self._verb.add_arguments(self)
            add_process_options(self)
            self.set_defaults(run=self._verb)

    def parse_known_args(  # type: ignore[override]  # argparse overloads it for namespaces of other kinds
        self, args: Sequence[str] | None = None, namespace: Namespace | None = None
    ) -> tuple[Namespace, list[str]]:
        """Return the parsed arguments; exit with status 2 if there are unknown arguments."""
        self.load_verb()
        return super().parse_known_args(self._joined(args or ()), namespace)

    def accepts(self, extras: Sequence[str], found: Namespace) -> bool:
        """Assign ``extras``, the arguments that argparse could not assign. Return whether this was possible.

        Add ``extras`` to the verb's argument that takes several values. ``found`` contains this argument. If
        the verb has no such argument, or if one of the ``extras`` looks like an option, return ``False``.
        """
        repeated = None if self._verb is None else self._verb.repeated
        if repeated is None or any(extra.startswith("-") for extra in extras):
            return False
        getattr(found, repeated).extend(extras)
        return True

    def _joined(self, args: Sequence[str]) -> list[str]:
        """Return ``args``. If a value starts with a dash, join the option and the value with ``=``."""
        # argparse accepts such a value only after ``=``.
        joined: list[str] = []
        for arg in args:
            if joined and self._takes_value(joined[-1]) and arg.startswith("-") and not self._is_option(arg):
                joined[-1] += f"={arg}"
            else:
                joined.append(arg)
        return joined

    def _takes_value(self, arg: str) -> bool:
        action = self._option_string_actions.get(arg)
        return action is not None and action.nargs is None

    def _is_option(self, arg: str) -> bool:
        # A short option such as -v may be meant as a value.
        return arg.startswith("--") and arg.partition("=")[0] in self._option_string_actions


class Command(OneLineCommand):
    """The ``config`` command, which runs one verb."""

    help = "Show, change and explain the configuration."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add a subcommand for every verb in the registry."""
        verbs = parser.add_subparsers(metavar="VERB", required=True, parser_class=VerbParser)
        words = get_project().words.verbs
        for verb in VERBS:
            entry = verb._replace(help=words.get(verb.name, verb.help))
            found = verbs.add_parser(entry.name, help=entry.help, entry=entry, allow_abbrev=False)
            if not self._called_from_command_line:  # call_command must know the options of every verb
                found.load_verb()

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the verb; raise ``ConfigError`` if the verb needs a started install and there is none."""
        verb: Verb = options["run"]
        with database_errors():
            if verb.needs_install:
                require_install()
            verb.run(Namespace(**options), self.terminal)
