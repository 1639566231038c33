"""A parser for commands. Error messages do not repeat arguments, because an argument can be a secret."""

from __future__ import annotations

import re
from argparse import Action, ArgumentError, Namespace
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

_OPTION_NAME = re.compile(r"--[a-z][a-z-]*(?==|$)")


class DiscreetParser(CommandParser):
    """Django's parser for a command. An error can name an option, but never repeats a value."""

    def parse_known_args(  # type: ignore[override]  # argparse overloads it for namespaces of other kinds
        self, args: Sequence[str] | None = None, namespace: Namespace | None = None
    ) -> tuple[Namespace, list[str]]:
        """Return the parsed arguments and an empty list. Exit with status 2 if an argument is unknown."""
        found, extras = super().parse_known_args(args, namespace)
        if extras and not self.accepts(extras, found):
            self.error(_left_over(extras))
        return found, []

    def accepts(self, extras: Sequence[str], found: Namespace) -> bool:
        """Return whether ``extras`` are allowed. These are the arguments that argparse could not parse.

        If ``extras`` are allowed, add them to ``found``.
        """
        return False

    def _check_value(self, action: Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            choices = ", ".join(map(str, action.choices))
            raise ArgumentError(action, f"invalid choice; choose from {choices}")


class DiscreetCommand(BaseCommand):
    """A command whose errors do not repeat the values of arguments."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Return the parser of the command."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.__class__ = DiscreetParser  # Django offers no other way to choose the class
        return parser


def _left_over(extras: Sequence[str]) -> str:
    for extra in extras:
        if found := _OPTION_NAME.match(extra):
            return f"{found.group()}: no such option"
    return "too many arguments; if a value starts with a dash, write --value=VALUE"
