"""``config confirm``: keep a change that would otherwise revert by itself."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from config_app import confirmation, deadlines
from config_app.cli.outcome import deadline_line
from config_app.cli.terminal import Terminal
from config_app.cli.verb import Verb, add_json_option, number
from config_app.errors import ConfigError


class Confirm(Verb):
    """Keep a revision that waits to be confirmed, and list those that still do."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the revision."""
        text = "the revision to keep (the newest that waits)"
        parser.add_argument("revision", type=number, nargs="?", metavar="N", help=text)
        add_json_option(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Confirm it; a shell on this machine is a way in whatever the settings are."""
        chosen = options.revision or _newest()
        confirmation.confirm(chosen)
        waiting = deadlines.unconfirmed()
        if options.as_json:
            terminal.json({"confirmed": chosen, "waiting": [waits for waits, _left in waiting]})
            return
        terminal.line(f"revision {chosen} is confirmed")
        for left in waiting:
            terminal.line(deadline_line(*left))


def _newest() -> int:
    waiting = deadlines.unconfirmed()
    if not waiting:
        raise ConfigError(
            "no revision waits to be confirmed", fix="config history says which one was reverted"
        )
    return waiting[-1][0]
