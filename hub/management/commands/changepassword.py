"""``manage.py changepassword``: set a person's password, and let the person sign in at once."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.core.management.base import CommandError

from config_app.fields import canonical_email
from hub.auth.throttle import forget_failures


class Command(changepassword.Command):
    """Django's command. Afterwards, the earlier failed sign-ins of the account do not count any more."""

    help = "Set the password of an account, and forget its failed sign-ins."

    def handle(self, *args: Any, **options: Any) -> str | None:
        """Ask for the new password twice, and set it."""
        address = options["username"] or ""
        options["username"] = canonical_email(address) or address
        try:
            said = super().handle(*args, **options)
        except EOFError:
            raise CommandError("the questions were not answered, so the password is unchanged") from None
        forget_failures(options["username"])
        return said
