"""``manage.py bootstrap``: prepare the install, so that the hub can serve."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from config_app.cli.parsing import DiscreetCommand
from hub.bootstrap import bootstrap_application, get_bootstrap_state


class Command(DiscreetCommand):
    """The command that runs the bootstrap. If everything is done already, the command changes nothing."""

    help = "Create the database, migrate it and import .env. Steps that are already done are skipped."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--from-scratch``."""
        parser.add_argument(
            "--from-scratch",
            action="store_true",
            help="if the database of a claimed hub is missing, start a new, unclaimed hub",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the bootstrap and print the state of the install."""
        bootstrap_application(from_scratch=options["from_scratch"])
        self.stdout.write(f"Bootstrap State: {get_bootstrap_state()}")
