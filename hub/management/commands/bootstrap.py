"""``manage.py bootstrap``: bring the install to where it can serve."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from hub.bootstrap import bootstrap_application, get_bootstrap_state


class Command(BaseCommand):
    """Create, migrate, unlock and import whatever is missing; safe to repeat."""

    help = "Create the database, bring it up to date and import .env, whatever of it is still missing."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the bootstrap and say where the install stands."""
        bootstrap_application()
        self.stdout.write(f"Bootstrap State: {get_bootstrap_state()}")
