"""``config rotate-key``: make a new data key and encrypt every secret again."""

from __future__ import annotations

import dataclasses
from argparse import ArgumentParser, Namespace

from config_app.cli.progress import showing_progress
from config_app.cli.terminal import Terminal
from config_app.cli.verb import Verb, WrongCall, add_json_option
from config_app.encryption import rotation
from config_app.encryption.rotation import Outcome

FROM_EARLIER_VERSION = (
    "an earlier version made this slot;"
    " to keep the slot, start the current version on a machine with the slot's key before you rotate"
)
QUESTION = "Make a new data key and encrypt every secret again, also in the history?"


class RotateKey(Verb):
    """Rotates the data key while the processes run. After an interruption, run this verb again."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--at-once``, ``--yes`` and ``--json``."""
        text = "immediately reject everything that the former key has signed, such as all session cookies"
        parser.add_argument("--at-once", action="store_true", help=text)
        parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
        add_json_option(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Ask for confirmation, rotate the data key with a progress bar, and print the result."""
        if options.as_json and not options.yes:
            raise WrongCall("with --json, the command cannot ask for confirmation; add --yes")
        left_out = [] if rotation.is_unfinished() else rotation.slots_left_out()
        for slot in left_out:
            earlier = slot.is_of_an_earlier_version
            reason = FROM_EARLIER_VERSION if earlier else "this install did not make this slot"
            terminal.warn(f"{slot.kind} {slot.pk} will no longer unlock the secrets: {reason}")
        if not options.yes:
            terminal.confirm(QUESTION)
        with showing_progress(terminal, "Encrypting") as progress:
            outcome = rotation.rotate(progress, at_once=options.at_once)
        if options.as_json:
            terminal.json(dataclasses.asdict(outcome) | {"left_out": [slot.pk for slot in left_out]})
        else:
            _show(outcome, terminal)


def _show(outcome: Outcome, terminal: Terminal) -> None:
    terminal.line(f"every secret is encrypted under the new data key {outcome.key_id}")
    if outcome.unreadable:
        terminal.warn(
            f"{outcome.unreadable} secrets of the history stay as they are, because no data key decrypts them"
        )
    if outcome.former_keys:
        terminal.line("the former key stays as long as a session may need it; --at-once drops the key now")
