"""``manage.py runserver``: Django's server for developers, restarted as the code changes."""

from __future__ import annotations

from typing import Any

from django.contrib.staticfiles.management.commands.runserver import Command as StaticFilesCommand
from django.db import connections

from hub.bootstrap import bootstrap_application


class Command(StaticFilesCommand):
    """Serve the hub for development; ``serve`` is for everything else."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Bring the install up and listen where the configuration says, unless told otherwise."""
        config = bootstrap_application()
        connections.close_all()
        self.default_addr, self.default_port = config.host, str(config.port)
        super().handle(*args, **options)
