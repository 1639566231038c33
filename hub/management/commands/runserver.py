"""``manage.py runserver``: Django's server for development. It restarts when the code changes."""

from __future__ import annotations

from typing import Any

from django.contrib.staticfiles.management.commands.runserver import Command as StaticFilesCommand
from django.db import connections

from hub.bootstrap import bootstrap_application


class Command(StaticFilesCommand):
    """The command that serves the hub during development. In production, people use ``serve``."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the bootstrap, then serve on the address in the arguments or on the configured address."""
        config = bootstrap_application()
        connections.close_all()
        self.default_addr, self.default_port = config.host, str(config.port)
        super().handle(*args, **options)
