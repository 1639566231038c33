"""The client of the bank: made once, and made again after the token has changed."""

from __future__ import annotations

import functools

from config_app.api import get_config, on_change


@functools.cache
def client() -> str:
    """Return the header with which the shop signs in at the bank."""
    token = get_config().token
    return f"Bearer {token.reveal()}" if token else "none"


heard: list[tuple[int, int]] = []
"""The old and the new page size of each change that this process has noticed."""


@on_change("token")
def forget_client(old, new) -> None:
    """Make the next call of ``client`` use the new token."""
    client.cache_clear()


@on_change("page_size")
def note_page_size(old, new) -> None:
    """Note the change, so that tests can see that hooks run."""
    heard.append((old.page_size, new.page_size))
