"""What a running server does when the configuration changes under it."""

from __future__ import annotations

from typing import Any

from config_app.live.hooks import on_change
from config_app.store.forking import no_fork


@on_change()
def offer_a_token(old: Any, new: Any) -> None:
    """Make a setup token when the install becomes unclaimed, by raw SQL for one; many processes may try."""
    with no_fork:  # a child that is forked during an import has half of a module for ever
        # Loaded where they are needed: every command starts with this module.
        from config_app.propagation.sources import using_database
        from setup_wizard.claiming import tokens
        from setup_wizard.product import get_product

        product = get_product()
    if product.is_configured(old) and not product.is_configured(new):
        with using_database():
            tokens.ensure()
