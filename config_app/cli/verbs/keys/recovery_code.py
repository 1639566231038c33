"""``config recovery-code``: make a new recovery code. The earlier code stops working."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from config_app.cli.terminal import Terminal
from config_app.cli.verb import Verb
from config_app.cli.verbs.keys.codes import handed_over
from config_app.encryption.slot_management import new_recovery_code

KEEP = "Keep the code apart from the database and its backups. The earlier code no longer works."


class RecoveryCode(Verb):
    """Makes a new recovery code and shows it once."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--file``."""
        text = "write the code to a new file, which only you can read, instead of showing the code"
        parser.add_argument("--file", metavar="F", help=text)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Make a new code. Write or show the new code before the earlier code stops working."""
        new_recovery_code(handed_over(terminal, options.file, "manage.py config recovery-code --file F"))
        where = f" is in {options.file}" if options.file else " is shown above, and never again"
        terminal.line(f"The new recovery code{where}. {KEEP}")
