"""``config reset``: clear every secret. A project can add other changes to a reset."""

from __future__ import annotations

from argparse import Action, ArgumentParser, Namespace
from typing import Any

from config_app.change.reset import plan_reset, reset
from config_app.cli.outcome import show_dry_run, show_revision
from config_app.cli.terminal import Terminal
from config_app.cli.verb import Verb, WrongCall, add_writing_options
from config_app.problems import runnable
from config_app.project import get_project


class EverySetting(Action):
    """The option ``--settings`` of ``config reset``, which returns every setting to its default.

    Django has an option with the same name, but Django's option needs a module. Therefore ``--settings``
    without a value is the option of ``config reset``, and ``--settings MODULE`` is Django's option.
    """

    def __init__(self, **options: Any) -> None:
        """Create the option with the destination ``every_setting``."""
        super().__init__(**{**options, "dest": "every_setting"})

    def __call__(
        self, _parser: ArgumentParser, namespace: Namespace, values: Any, _option: str | None = None
    ) -> None:
        """Store the value as ``settings``. If there is no value, store ``True`` as ``every_setting``."""
        if values is None:
            namespace.every_setting = True
        else:
            namespace.settings = values


class Reset(Verb):
    """Clears every secret, and makes the other changes that the project adds to a reset."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--settings``, ``--yes`` and the options of verbs that change the configuration."""
        text = "also return every setting to its default (with MODULE, this is Django's own option)"
        parser.add_argument(
            "--settings", action=EverySetting, nargs="?", default=False, metavar="MODULE", help=text
        )
        parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
        add_writing_options(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Ask for confirmation, make the changes of the reset, and print what to do next."""
        plan = plan_reset(every_setting=options.every_setting)
        if options.dry_run:
            show_dry_run(plan, terminal, as_json=options.as_json)
            return
        if options.as_json and not options.yes:
            raise WrongCall("with --json, the command cannot ask for confirmation; add --yes")
        if not options.yes:
            terminal.confirm(get_project().words.reset_question)
        revision = reset(channel="cli", reason=options.reason, every_setting=options.every_setting)
        show_revision(revision, plan, terminal, as_json=options.as_json)
        if not options.as_json and (how_to_go_on := runnable(get_project().after_reset())):
            terminal.line(how_to_go_on)
