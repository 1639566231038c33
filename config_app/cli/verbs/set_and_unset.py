"""``config set`` and ``config unset``: change settings; each call makes one revision."""

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
    warn_of_former_keys,
)
from config_app.declaration.reserved import SALT_KEY
from config_app.declaration.unset import UNSET
from config_app.errors import StaleRevision
from config_app.models import Revision


class Set(Verb):
    """Changes the values of one or more settings."""

    repeated = "values"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the arguments for keys and values, and the options of verbs that change the configuration."""
        text = "a setting and its value; several KEY=VALUE make one revision"
        parser.add_argument("values", nargs="*", metavar="KEY VALUE | KEY=VALUE", help=text)
        text = "a setting; its value is the --value that follows"
        parser.add_argument("--key", action="append", default=[], metavar="KEY", help=text)
        text = "the value for the --key before this option; write --value=-1 for a value such as -1"
        parser.add_argument("--value", action="append", default=[], metavar="VALUE", help=text)
        text = "read the value of one KEY from standard input, to hide the value from the list of processes"
        parser.add_argument("--stdin", action="store_true", help=text)
        parser.add_argument("--file", metavar="F", help="read the value of one KEY from a file")
        add_base_option(parser)
        add_wait_option(parser)
        add_confirm_option(parser)
        add_writing_options(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Plan the changes and apply them; warn if a secret is among the arguments."""
        values = read_values(options)
        warn_of_former_keys([*options.key, *options.values, *values], terminal)
        with showing_what_changed(terminal):
            planned = plan_changes(values, options.if_revision)
            if not (options.stdin or options.file):
                _warn_of_secrets(values, terminal)
            commit(planned, options, terminal)


class Unset(Verb):
    """Returns settings to their defaults."""

    repeated = "keys"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the keys and the options of verbs that change the configuration."""
        text = "the settings; all of them change in one revision"
        parser.add_argument("keys", nargs="+", metavar="KEY", help=text)
        add_base_option(parser)
        add_wait_option(parser)
        add_confirm_option(parser)
        add_writing_options(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Plan the changes and apply them."""
        warn_of_former_keys(options.keys, terminal)
        with showing_what_changed(terminal):
            commit(plan_changes(dict.fromkeys(options.keys, UNSET), options.if_revision), options, terminal)


def plan_changes(changes: Mapping[str, Any], base: int | None) -> Plan:
    """Return a plan for ``changes``; raise ``ConfigError`` if the changes are not valid.

    If ``base`` is given and is not the newest revision, raise ``StaleRevision``.
    """
    if SALT_KEY in changes:  # the salt is not a setting, so the plan would call it unknown
        find_setting(SALT_KEY)
    return plan(changes, base, from_shell=True)


@contextlib.contextmanager
def showing_what_changed(terminal: Terminal) -> Iterator[None]:
    """If the block raises ``StaleRevision``, print the newer revisions on standard error.

    The exception still reaches the caller.
    """
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
                f"{key}: the shell's history and the list of processes show this secret; "
                f"next time use manage.py config set {key} --stdin, or --file"
            )
