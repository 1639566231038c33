"""``manage.py createsuperuser``: make an account with a password, and list its address as a super admin."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.core.management.base import CommandError

from config_app.errors import ConfigError
from config_app.live import runtime
from hub.runtime_config import is_configured


class Command(createsuperuser.Command):
    """Django's command, for a hub whose configuration lists the super admins."""

    help = "Make an account with a password, and add its address to super_admin_emails."

    def handle(self, *args: Any, **options: Any) -> str | None:
        """Ask for the address and the password, or read both from ``DJANGO_SUPERUSER_…``."""
        try:
            if not is_configured(runtime.current()):
                raise CommandError(
                    "this hub is not claimed yet; run manage.py setup, which makes the account"
                )
            return super().handle(*args, **options)
        except EOFError:
            raise CommandError("the questions were not answered, so nothing was created") from None
        except ConfigError as error:
            raise CommandError(str(error)) from None
