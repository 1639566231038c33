"""The hook that makes a setup token when a running install becomes unclaimed."""

from __future__ import annotations

from typing import Any

from config_app.live.hooks import on_change
from config_app.store.forking import no_fork


@on_change()
def offer_a_token(old: Any, new: Any) -> None:
    """Make a setup token if the install became unclaimed, for example by an SQL statement.

    Several processes can call this function at the same time.
    """
    with no_fork:  # a child forked during an import would keep a half-loaded module
        # Every command imports this module, so it imports these parts only when they are needed.
        from config_app.propagation.sources import using_database
        from setup_wizard.claiming import tokens
        from setup_wizard.product import get_product

        product = get_product()
    if product.is_configured(old) and not product.is_configured(new):
        with using_database():
            tokens.ensure()
