"""``config rollback``: return all settings to the values that they had at an earlier revision."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from config_app.change.rollback import plan_rollback
from config_app.cli.outcome import commit
from config_app.cli.terminal import Terminal
from config_app.cli.verb import (
    Verb,
    add_base_option,
    add_confirm_option,
    add_wait_option,
    add_writing_options,
    number,
)
from config_app.cli.verbs.set_and_unset import showing_what_changed


class Rollback(Verb):
    """Returns all settings to the values of an earlier revision. This makes a new revision."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the argument ``revision`` and the options of verbs that change the configuration."""
        parser.add_argument("revision", type=number, metavar="N", help="the revision to return to")
        add_base_option(parser)
        add_wait_option(parser)
        add_confirm_option(parser)
        add_writing_options(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Plan the rollback and apply it."""
        with showing_what_changed(terminal):
            plan = plan_rollback(options.revision, options.if_revision, from_shell=True)
            commit(plan, options, terminal, reason=f"rollback to revision {options.revision}")
