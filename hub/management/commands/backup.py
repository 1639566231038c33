"""``manage.py backup``: write the configuration, the history and the accounts to one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config_app.cli.command import OneLineCommand
from config_app.cli.progress import showing_progress
from config_app.cli.verb import require_install
from hub.backup.dump import back_up


class Command(OneLineCommand):
    """The command that writes a backup of the whole hub."""

    help = "Write the configuration, its history and the accounts to a file. The hub may be running."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the argument for the file."""
        parser.add_argument("file", metavar="FILE", help="the new file; only its owner can read it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the backup, and print what the backup contains."""
        require_install()
        path = Path(options["file"])
        with showing_progress(self.terminal, "Backing up") as progress:
            summary = back_up(path, progress)
        accounts, changes = summary.counts["hub.user"], summary.counts["config_app.change"]
        self.terminal.line(
            f"backed up revision {summary.revision} with {changes} changes, and {accounts} "
            f"account{'' if accounts == 1 else 's'}, to {path}"
        )
        self.terminal.line(
            "the file contains no key: to restore it on another machine, you need the recovery code "
            "or the shared key"
        )
