"""``manage.py restore``: replace the content of this hub with the content of a backup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config_app.cli.command import OneLineCommand
from config_app.cli.progress import showing_progress
from config_app.cli.verbs.keys.codes import add_code_option, read_code_file
from config_app.encryption import install_keyring
from config_app.project import get_project
from config_app.store import Origin
from hub.backup.restore import examine, restore
from hub.bootstrap import bootstrap_application


class Command(OneLineCommand):
    """The command that restores a backup of the whole hub."""

    help = "Replace the configuration, its history and the accounts with those in a backup."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the argument for the file, ``--code-file`` and ``--yes``."""
        parser.add_argument("file", metavar="FILE", help="a file that manage.py backup has written")
        add_code_option(parser)
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for confirmation, restore the backup, and say what to do next."""
        bootstrap_application(from_scratch=True)
        path = Path(options["file"])
        header = examine(path)
        unlocker = read_code_file(options["code_file"]) if options["code_file"] else None
        if not options["yes"]:
            self.terminal.line(
                f"{path}: revision {header.revision} of {header.created_at}, accounts: {header.accounts}"
            )
            self.terminal.confirm("Replace everything that this hub has, and end all sessions?")
        origin = Origin(
            actor=get_project().local_actor(),
            channel="restore",
            reason=f"restored revision {header.revision} of {header.created_at}",
        )
        with showing_progress(self.terminal, "Restoring") as progress:
            revision = restore(path, origin, progress, unlocker=unlocker)
        self.terminal.line(f"revision {revision.number}: restored revision {header.revision} from {path}")
        if install_keyring.is_locked_now():
            self.terminal.warn("no key of this machine unlocks the secrets; run manage.py unlock")
