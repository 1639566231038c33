"""The middleware that accepts forwarded headers from trusted proxies only."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_only_middleware

from config_app.fields.hosts import in_brackets
from config_app.fields.origins import parse_url
from config_app.middleware import GetResponse
from hub.logs import proxy_notes
from hub.responses.health import LIVE_PATH, READY_PATH
from hub.runtime_config import RuntimeConfig, get_config

FORWARDED = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
)
PEER: Final = "hub.peer"
"""A key in ``request.META``. The value is the IP address that connected to the hub, or an empty text."""
IGNORED_PROXY: Final = "hub.ignored_proxy"
"""A key in ``request.META``. A request has this key if the hub has ignored its forwarded headers.

The value is the scheme in X-Forwarded-Proto, or an empty text.
"""

# Some proxies write the client's port too: 192.0.2.1:4711 or [2001:db8::1]:4711.
_WITH_PORT = re.compile(r"(?:(?P<four>[0-9.]+)|\[(?P<six>[0-9a-f:.]+)\])(?::[0-9]{1,5})?", re.ASCII | re.I)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@sync_only_middleware
def trusted_proxies(get_response: GetResponse) -> GetResponse:
    """Set ``REMOTE_ADDR`` to the client's address. Drop forwarded headers if the sender is not trusted."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        _apply(request, get_config())
        return get_response(request)

    return middleware


def _apply(request: HttpRequest, config: RuntimeConfig) -> None:
    peer = parse_address(request.META.get("REMOTE_ADDR", ""))
    request.META[PEER] = "" if peer is None else str(peer)
    if peer is not None:
        request.META["REMOTE_ADDR"] = str(peer)
    if peer is not None and is_trusted(peer, config.trusted_proxies):
        _use_headers(request, str(peer), config)
    else:
        _drop_headers(request, config)


def _drop_headers(request: HttpRequest, config: RuntimeConfig) -> None:
    scheme = _last(request.META.get("HTTP_X_FORWARDED_PROTO", ""))
    dropped = [request.META.pop(header, None) for header in FORWARDED]
    if request.META[PEER] and any(dropped):
        request.META[IGNORED_PROXY] = scheme if scheme in {"http", "https"} else ""
        proxy_notes.note(proxy_notes.IGNORED, request.META[PEER], config)


def _use_headers(request: HttpRequest, peer: str, config: RuntimeConfig) -> None:
    is_forwarded = any(header in request.META for header in FORWARDED)
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    client = _client(hops, config.trusted_proxies)
    if client is not None:
        request.META["REMOTE_ADDR"] = str(client)
    sent = request.META.get("HTTP_X_FORWARDED_PROTO")
    # Several proxies may each have added an entry. The last entry is from the proxy that connected to us. A
    # client could have written any other entry.
    if sent is not None:
        request.META["HTTP_X_FORWARDED_PROTO"] = _last(sent)
    is_public = _is_for(request, config.public_url)
    # A health check, or a browser on the proxy's machine, does not come through the proxy.
    if not (is_forwarded or is_public) or request.path_info in {LIVE_PATH, READY_PATH}:
        return
    if client is None:
        proxy_notes.note(proxy_notes.HIDES_CLIENTS, peer, config)
    elif _is_proxy(client, hops, config.trusted_proxies):
        proxy_notes.note(proxy_notes.IGNORED_HOP, str(client), config)
    if is_public and config.public_url.startswith("https://") and not request.is_secure():
        proxy_notes.note(_fault_of_scheme(sent), peer, config)


def _last(values: str) -> str:
    return values.rsplit(",", maxsplit=1)[-1].strip().lower()


def _is_for(request: HttpRequest, public_url: str) -> bool:
    """Return whether the browser has opened the host of the public URL, through a proxy.

    The port may differ, because people may have left it out of the public URL, and a proxy may lose it.
    """
    public = urlsplit(public_url)
    if not public.hostname:
        return False
    # A proxy may change the Host header, but not the other two.
    for name in ("HTTP_ORIGIN", "HTTP_REFERER"):
        source = parse_url(request.META.get(name, ""))
        if source and source.scheme == public.scheme and in_brackets(source.host) == _name_of(public.netloc):
            return True
    host = request.META.get("HTTP_HOST", "").lower()
    # A browser on the machine of the hub can open the public host without the proxy, at the port of the hub.
    is_direct = host.endswith(f":{request.META.get('SERVER_PORT')}") and host != public.netloc
    return _name_of(host) == _name_of(public.netloc) and not is_direct


def _name_of(netloc: str) -> str:
    return netloc if netloc.endswith("]") else netloc.rpartition(":")[0] or netloc


def _is_proxy(client: Address, hops: list[str], networks: tuple[Network, ...]) -> bool:
    """Return whether ``client`` is not trusted, but has forwarded the request for another address."""
    if is_trusted(client, networks):
        return False
    nearest = max(at for at, hop in enumerate(hops) if _hop_address(hop.strip()) == client)
    return nearest > 0 and _hop_address(hops[nearest - 1].strip()) is not None


def _fault_of_scheme(sent: str | None) -> str:
    if not (sent or "").strip():
        return proxy_notes.SENDS_NO_SCHEME
    return proxy_notes.SENDS_LIST if "," in str(sent) else proxy_notes.SENDS_HTTP


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
