"""The middleware that accepts forwarded headers from trusted proxies only."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_only_middleware

from config_app.middleware import GetResponse
from hub.logs import ignored_proxies
from hub.responses.form_refusals import IGNORED_PROXY
from hub.runtime_config import get_config

FORWARDED = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
)
# Some proxies write the client's port too: 192.0.2.1:4711 or [2001:db8::1]:4711.
_WITH_PORT = re.compile(r"(?:(?P<four>[0-9.]+)|\[(?P<six>[0-9a-f:.]+)\])(?::[0-9]{1,5})?", re.ASCII | re.I)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@sync_only_middleware
def trusted_proxies(get_response: GetResponse) -> GetResponse:
    """Set ``REMOTE_ADDR`` to the client's address. Drop forwarded headers if the sender is not trusted."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        _apply(request, get_config().trusted_proxies)
        return get_response(request)

    return middleware


def _apply(request: HttpRequest, networks: tuple[Network, ...]) -> None:
    peer = parse_address(request.META.get("REMOTE_ADDR", ""))
    if peer is not None:
        request.META["REMOTE_ADDR"] = str(peer)
    if not is_trusted(peer, networks):
        dropped = [request.META.pop(header, None) for header in FORWARDED]
        if peer is not None and any(dropped):
            request.META[IGNORED_PROXY] = str(peer)
            ignored_proxies.note(str(peer), networks)
        return
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if client := _client(hops, networks):
        request.META["REMOTE_ADDR"] = str(client)
    # Several proxies may each have added an entry. The last entry is from the proxy that connected to us.
    if "HTTP_X_FORWARDED_PROTO" in request.META:
        scheme = request.META["HTTP_X_FORWARDED_PROTO"].split(",")[-1].strip().lower()
        request.META["HTTP_X_FORWARDED_PROTO"] = scheme


def _client(hops: Iterable[str], networks: tuple[Network, ...]) -> Address | None:
    """Return the client's address: the last entry of ``hops`` that is not a trusted proxy.

    Search from the last entry to the first, and stop at an entry that is not an IP address. If the search
    finds only trusted proxies, return the proxy that was found last. If the last entry of ``hops`` is not an
    IP address, return ``None``.
    """
    nearest = None
    for hop in reversed(list(hops)):
        address = _hop_address(hop.strip())
        if address is None:
            return nearest
        nearest = address
        if not is_trusted(address, networks):
            return nearest
    return nearest


def _hop_address(text: str) -> Address | None:
    match = _WITH_PORT.fullmatch(text)
    return parse_address(match["four"] or match["six"] if match else text)


def parse_address(text: str) -> Address | None:
    """Return ``text`` as an IP address. Return ``None`` if ``text`` is not an IP address.

    An IPv4-mapped IPv6 address becomes an IPv4 address.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # A listener on ``::`` sees IPv4 clients with IPv4-mapped addresses.
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def is_trusted(address: Address | None, networks: tuple[Network, ...]) -> bool:
    """Return whether one of the networks contains the address."""
    return address is not None and any(address in network for network in networks)
