"""``manage.py setup_token``: print the link that claims the install."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from config_app.cli.parsing import DiscreetCommand
from config_app.cli.verb import require_install
from config_app.errors import ConfigError
from config_app.problems import runnable
from setup_wizard.claiming import tokens
from setup_wizard.claiming.announcement import claim_link
from setup_wizard.claiming.state import unclaimed_config
from setup_wizard.product import get_product


class Command(DiscreetCommand):
    """Prints the link with the setup token. Makes a new token if the last token cannot be used."""

    help = "Print the link that claims this hub. If the last setup token expired or was used, make a new one."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--new``."""
        text = "make a new token; cancel all earlier tokens, and discard everything entered so far"
        parser.add_argument("--new", action="store_true", help=text)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the link.

        Raise ``AlreadyClaimed`` if the install is claimed. Raise ``ConfigError`` if it was never started.
        """
        # In a shell that lacks the variables of the service, the bootstrap would make a second install.
        require_install()
        product = get_product()
        product.bootstrap()
        config = unclaimed_config()
        if options["new"]:
            tokens.renew(now=timezone.now())
        tokens.ensure()
        token = tokens.current()
        if token is None:
            raise ConfigError("another process keeps changing the setup token", fix="try again")
        self.stdout.write(claim_link(product.origin(config), token))
        if stranger := product.stranger_at_address(config):
            self.stderr.write(f"warning: {runnable(stranger)}")
        if self.stderr.isatty():
            hours = tokens.LIFETIME.total_seconds() / 3600
            self.stderr.write(f"The link works once and expires after {hours:.0f} hours.")
