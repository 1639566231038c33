"""``manage.py setup``: claim the install without a browser."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandParser

from config_app.cli.command import OneLineCommand
from config_app.cli.verb import WrongCall
from config_app.cli.verbs.keys.codes import handed_over
from config_app.declaration.secret import Secret
from config_app.errors import ConfigError
from config_app.live.resolution import read_without_keyring
from config_app.live.snapshot import read_snapshot
from config_app.project import get_project
from setup_wizard.claiming import unattended
from setup_wizard.claiming.claim import claim
from setup_wizard.errors import AlreadyClaimed
from setup_wizard.product import Application, get_product

NEW_CODE = "manage.py config recovery-code --file F"


class Command(OneLineCommand):
    """Claims the install with the given options. Running the same command again changes nothing."""

    help = "Claim this hub without a browser. Secrets come from files. If FILE is -, read standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--mode`` and the other options. The product declares some of the options."""
        product = get_product()
        parser.add_argument("--mode", required=True, choices=product.modes, help="how people sign in")
        parser.add_argument("--admin-email", metavar="EMAIL", help="the administrator's e-mail address")
        parser.add_argument("--admin-name", metavar="NAME", default="", help="the administrator's name")
        parser.add_argument("--password-file", metavar="FILE", help="file with the administrator's password")
        for option in product.command_options:
            action = "append" if option.repeatable else "store"
            parser.add_argument(option.flag, action=action, metavar=option.metavar, help=option.help)
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            help="another setting; may be repeated",
        )
        text = "write the recovery code to this new private file, instead of showing it on the terminal"
        parser.add_argument("--recovery-code-file", metavar="FILE", help=text)
        parser.add_argument("--reason", default="", help="the reason, which the history shows")

    def handle(self, *args: Any, **options: Any) -> None:
        """Claim the install, or print that the same claim was made before."""
        self._refuse_misuse(options)
        application = unattended.application(options)
        self._note_if_new()
        get_product().bootstrap()
        try:
            done = claim(
                application,
                holder=None,
                actor=unattended.actor(),
                channel="cli",
                reason=options["reason"],
                hand_over=self._hand_over(options["recovery_code_file"]),
            )
        except AlreadyClaimed:
            self._accept_same(application)
            return
        self.stdout.write(f"claimed in mode {application.mode} as revision {done.revision.number}")
        if self._hand_over(options["recovery_code_file"]) is None:
            self.terminal.note(f"note: there is no recovery code yet; to get one, run {NEW_CODE}")

    def _note_if_new(self) -> None:
        """If there is no install yet, print where the command is about to make one."""
        # The shell may lack the variables of a running install, which this command would not find.
        with contextlib.suppress(ConfigError):  # the bootstrap reports its errors itself
            if lacking := get_project().lacking():
                self.terminal.note(f"note: {lacking.message}; this command makes a new {get_product().noun}")

    def _hand_over(self, file: str | None) -> Callable[[Secret], None] | None:
        """Return a function that saves the recovery code in ``file`` or shows the code on the terminal.

        Return ``None`` if no file is given and there is no terminal.
        """
        if file is None and not self.terminal.is_screen():
            return None
        return handed_over(self.terminal, file, NEW_CODE)

    def _refuse_misuse(self, options: dict[str, Any]) -> None:
        """Raise ``WrongCall`` if the options do not fit the mode."""
        needed = [name for name in ("admin_email", "password_file") if not options[name]]
        asks_account = options["mode"] in get_product().account_modes
        if asks_account and needed:
            flags = " and ".join("--" + name.replace("_", "-") for name in needed)
            raise WrongCall(f"--mode {options['mode']} needs {flags}")
        if not asks_account and len(needed) < 2:  # noqa: PLR2004 - one of the two was given
            fix = "leave out --admin-email and --password-file"
            raise WrongCall(f"--mode {options['mode']} creates no account with a password", fix=fix)

    def _accept_same(self, application: Application) -> None:
        config = read_snapshot(read_without_keyring).config
        if not get_product().is_same_claim(application, config):
            raise AlreadyClaimed
        self.stdout.write(f"already claimed in mode {application.mode}; nothing to do")
