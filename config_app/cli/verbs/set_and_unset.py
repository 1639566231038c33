"""``config set`` and ``config unset``: one call, one revision."""

from __future__ import annotations

import contextlib
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from config_app.change.plan import Plan, plan
from config_app.cli.outcome import commit
from config_app.cli.revisions import revision_lines
from config_app.cli.terminal import Terminal
from config_app.cli.values import read_values
from config_app.cli.verb import (
    Verb,
    add_base_option,
    add_confirm_option,
    add_wait_option,
    add_writing_options,
    find_setting,
)
from config_app.declaration.reserved import SALT_KEY
from config_app.declaration.unset import UNSET
from config_app.errors import StaleRevision
from config_app.models import Revision


class Set(Verb):
    """Change settings."""

    repeated = "values"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take keys and values in any of their forms."""
        text = "a setting and its value, as two words or as one; several of the latter are one revision"
        parser.add_argument("values", nargs="*", metavar="KEY VALUE | KEY=VALUE", help=text)
        parser.add_argument("--key", action="append", default=[], metavar="KEY", help="the same, spelt out")
        text = "the value of the --key before it; one that starts with a dash is given as --value=-1"
        parser.add_argument("--value", action="append", default=[], metavar="VALUE", help=text)
        text = "read the value of the one KEY from standard input: ps shows no secret then"
        parser.add_argument("--stdin", action="store_true", help=text)
        parser.add_argument("--file", metavar="F", help="read the value of the one KEY from a file")
        add_base_option(parser)
        add_wait_option(parser)
        add_confirm_option(parser)
        add_writing_options(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Plan and apply; a secret among the arguments is taken with a warning."""
        values = read_values(options)
        with showing_what_changed(terminal):
            drawn = draw(values, options.if_revision)
            if not (options.stdin or options.file):
                _warn_of_secrets(values, terminal)
            commit(drawn, options, terminal)


class Unset(Verb):
    """Return settings to their default."""

    repeated = "keys"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the keys."""
        parser.add_argument("keys", nargs="+", metavar="KEY", help="the settings, as one revision")
        add_base_option(parser)
        add_wait_option(parser)
        add_confirm_option(parser)
        add_writing_options(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Plan and apply."""
        with showing_what_changed(terminal):
            commit(draw(dict.fromkeys(options.keys, UNSET), options.if_revision), options, terminal)


def draw(changes: Mapping[str, Any], base: int | None) -> Plan:
    """Return the plan of ``changes``; the salt is no setting, but not unknown either."""
    if SALT_KEY in changes:
        find_setting(SALT_KEY)
    return plan(changes, base)


@contextlib.contextmanager
def showing_what_changed(terminal: Terminal) -> Iterator[None]:
    """Say on standard error what others changed meanwhile, where that is why the call is refused."""
    try:
        yield
    except StaleRevision as error:
        if error.diff:
            terminal.note(f"changed since revision {error.expected}:")
        for revision in cast("Sequence[Revision]", error.diff):
            for line in revision_lines(revision):
                terminal.note(f"  {line}")
        raise


def _warn_of_secrets(keys: Iterable[str], terminal: Terminal) -> None:
    for key in keys:
        if find_setting(key).is_secret:
            terminal.warn(
                f"{key}: an argument stays in the shell's history and shows in the list of processes; "
                f"next time use config set {key} --stdin, or --file"
            )
