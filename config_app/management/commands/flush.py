"""``manage.py flush``: empties the tables. After that, this process reads the configuration again."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush

from config_app.store import triggers
from config_app.store.process import process


class Command(flush.Command):
    """Runs Django's ``flush``, and then resets what this process knows about the configuration."""

    # A receiver of ``post_migrate`` is not enough, because some tests flush without this signal.

    def handle(self, **options: Any) -> None:
        """Empty the tables, create the state row again, and forget what was read from the tables."""
        super().handle(**options)
        triggers.install(options["database"])
        process.reset()
