"""``manage.py flush``: Django's command; afterwards, this process reads the configuration again."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush

from config_app.store import triggers
from config_app.store.process import process


class Command(flush.Command):
    """Django's ``flush``. Some tests flush without a ``post_migrate`` signal, so a receiver is not enough."""

    def handle(self, **options: Any) -> None:
        """Empty the tables, then forget what was read from them and create the state row again."""
        super().handle(**options)
        triggers.install(options["database"])
        process.reset()
