"""``manage.py restore``: replace the content of this hub with the content of a backup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config_app.cli.command import OneLineCommand
from config_app.cli.progress import showing_progress
from config_app.cli.verbs.keys.codes import add_code_option, read_code_file
from config_app.encryption import install_keyring
from config_app.live import runtime
from config_app.project import get_project
from config_app.store import Origin
from hub.backup.restore import examine, restore
from hub.bootstrap import bootstrap_application
from hub.runtime_config import is_configured
from hub.start import claim_record


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
        path = Path(options["file"])
        header = examine(path)
        unlocker = read_code_file(options["code_file"]) if options["code_file"] else None
        if not options["yes"]:
            self.terminal.line(
                f"{path}: revision {header.revision} of {header.created_at}, accounts: {header.accounts}"
            )
            self.terminal.confirm("Replace everything that this hub has, and end all sessions?")
        bootstrap_application(restoring=True)  # only now, because it may make a new database
        origin = Origin(
            actor=get_project().local_actor(),
            channel="restore",
            reason=f"restored revision {header.revision} of {header.created_at}",
        )
        with showing_progress(self.terminal, "Restoring") as progress:
            revision = restore(path, origin, progress, unlocker=unlocker)
        claim_record.keep(is_claimed=is_configured(runtime.reload().config))
        self.terminal.line(f"revision {revision.number}: restored revision {header.revision} from {path}")
        if install_keyring.is_locked_now():
            self.terminal.warn("no key of this machine unlocks the secrets; run manage.py unlock")
