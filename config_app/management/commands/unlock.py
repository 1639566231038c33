"""``manage.py unlock``: unlocks the secrets on this machine, now and in the future."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from config_app.cli.command import OneLineCommand
from config_app.cli.secret_files import STANDARD_INPUT
from config_app.cli.verb import WrongCall, require_install
from config_app.cli.verbs.keys.codes import CODE_FILE, add_code_option, read_code_file, read_typed_code
from config_app.encryption.slot_management import unlock_with
from config_app.store.failures import database_errors


class Command(OneLineCommand):
    """Unlocks the secrets with a recovery code or a shared key, and gives this machine a slot of its own."""

    help = (
        "Let this machine read the secrets from now on. The command asks for the recovery code, "
        "or for the shared key of another machine."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options that say where the code is read from."""
        add_code_option(parser)
        parser.add_argument("--stdin", action="store_true", help="read the code from standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the code, unlock the keyring, and print which keys can read the secrets from now on."""
        if options["stdin"] and options["code_file"]:
            raise WrongCall(f"--stdin and {CODE_FILE} cannot be used together")
        with database_errors():
            require_install()
            name = STANDARD_INPUT if options["stdin"] else options["code_file"]
            enrolled = unlock_with(read_typed_code() if name is None else read_code_file(name))
        what = f"{' and '.join(enrolled)} can read the secrets from now on"
        unchanged = "this machine could read the secrets before and still can"
        self.terminal.line(f"unlocked: {what if enrolled else unchanged}")
