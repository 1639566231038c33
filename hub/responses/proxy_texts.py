"""How the pages for strangers name the proxy in a command. These pages never show the address of a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

# The hub refuses this value. An address in its place could be copied unchanged, and the hub would accept it.
PROXY: Final = "PROXY_ADDRESS"

_NAME: Final = (
    f"Replace {PROXY} with the address of the proxy. If the proxy is on the hub's machine or in a private "
    "network, the log and manage.py config doctor name this address. "
)
_KEEP: Final = (
    "The setting trusted_proxies has entries already, and the command replaces them. To keep them, add them "
    "to the command, separated by commas. "
)


def how_to_name_the_proxy(*, has_others: bool) -> Iterator[str]:
    """Yield how to replace ``PROXY`` in a command. ``has_others``: whether other proxies are trusted."""
    yield _NAME
    if has_others:
        yield _KEEP
