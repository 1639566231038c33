"""``manage.py nothing``: what starting any management command costs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Do nothing."""

    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Do nothing."""
