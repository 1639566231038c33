"""``manage.py upgrade_backup``: upgrade a backup of an older version. ``restore`` runs this command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config_app.cli.command import OneLineCommand
from hub.backup.upgrade import upgrade
from hub.database import file
from hub.environment.env_import import instance


class Command(OneLineCommand):
    """The command that upgrades a backup to this version's schema. People do not have to run the command."""

    help = "Upgrade a backup of an older version. manage.py restore runs this command automatically."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments for both files."""
        parser.add_argument("file", help="the backup")
        parser.add_argument("target", help="the new file")

    def handle(self, *args: Any, **options: Any) -> None:
        """Upgrade the backup in a new, empty database, and write the result to the new file."""
        path = instance().database_path
        if path is not None:
            file.create(path)
        upgrade(Path(options["file"]), Path(options["target"]))
