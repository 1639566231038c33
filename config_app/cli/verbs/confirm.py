"""``config confirm``: keep a revision that would otherwise revert."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from config_app.change import confirmation
from config_app.cli.outcome import deadline_line
from config_app.cli.terminal import Terminal
from config_app.cli.verb import Verb, add_writing_options, number
from config_app.errors import ConfigError
from config_app.store import deadlines


class Confirm(Verb):
    """Confirms a revision, then lists the revisions that are still unconfirmed."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the argument ``revision`` and the options of verbs that change the configuration."""
        text = "the revision to keep (default: the newest unconfirmed revision)"
        parser.add_argument("revision", type=number, nargs="?", metavar="N", help=text)
        add_writing_options(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Confirm the revision."""
        # A shell on this machine does not depend on the settings, so no check of the new address is needed.
        chosen = _chosen(options.revision)
        if not options.dry_run:
            confirmation.confirm(chosen, reason=options.reason)
        waiting = [left for left in deadlines.unconfirmed() if left[0] != chosen]
        if options.as_json:
            marks = {"dry_run": True} if options.dry_run else {}
            terminal.json({**marks, "confirmed": chosen, "waiting": [waits for waits, _left in waiting]})
            return
        terminal.line(f"revision {chosen} {'would be' if options.dry_run else 'is'} confirmed")
        for left in waiting:
            terminal.line(deadline_line(*left))
        if options.dry_run:
            terminal.line("dry run: nothing was written")


def _chosen(number: int | None) -> int:
    """Return the number of the revision to confirm: ``number``, or the newest unconfirmed revision.

    Raise ``NotWaiting`` if revision ``number`` does not wait to be confirmed. Raise ``ConfigError`` if no
    revision waits to be confirmed.
    """
    waiting = [waits for waits, _left in deadlines.unconfirmed()]
    if number is not None and number not in waiting:
        raise confirmation.NotWaiting(number)
    if not waiting:
        raise ConfigError(
            "no revision waits to be confirmed",
            fix="manage.py config history shows which revisions were reverted",
        )
    return number or waiting[-1]
