"""``manage.py nothing``: an empty command, to measure how long the start of any command takes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """A command that does nothing."""

    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Do nothing."""
