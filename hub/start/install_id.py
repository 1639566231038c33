"""The id of an install. All hubs that use one database share the id, and other installs have other ids."""

from __future__ import annotations

import secrets

from config_app import store
from config_app.change.plan import plan
from config_app.propagation import receipts

KEY = "install_id"


def new() -> str:
    """Return a new random id."""
    return secrets.token_hex(4)


def is_due() -> bool:
    """Return whether the hub must generate the id now.

    While processes of an earlier version are running, do not generate the id. These processes would not find
    the renamed cookies, so people would be signed out on every other request.
    """
    if KEY in store.read().rows:
        return False
    return all(process.declaration == receipts.declaration() for process in receipts.running())


def ensure() -> None:
    """Generate the id if it is due. Raise ``ConfigError`` if the database cannot be written."""
    if not is_due():
        return
    with store.writing():  # so that only one of several hubs generates the id
        if is_due():
            reason = "the names of the cookies contain this id"
            plan({KEY: new()}, managed=True).apply(actor="hub", channel="bootstrap", reason=reason)
