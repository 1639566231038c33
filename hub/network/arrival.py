"""Find out whether a request arrived at the address that a runtime config describes.

If the command line pins a setting, the pinned value applies, whatever the runtime config says.
"""

from __future__ import annotations

import socket
from collections.abc import Collection

from django.http import HttpRequest
from django.http.request import split_domain_port

from config_app.propagation import receipts
from hub.middleware.hosts import is_allowed
from hub.middleware.proxy import Address, parse_address
from hub.network.addresses import WILDCARDS, reachable
from hub.runtime_config import RuntimeConfig

NO_TCP = "0"
"""The port in an ASGI request that arrived over a Unix socket."""


def arrived_under(request: HttpRequest, config: RuntimeConfig, keys: Collection[str]) -> bool:
    """Return whether ``request`` arrived at the address that ``config`` describes.

    Compare only the settings in ``keys``. Do not compare the settings that the command line pins.
    """
    checked = {key: check for key, check in CHECKS.items() if key in keys and key not in receipts.pins()}
    return all(check(request, config) for check in checked.values())


def is_at(request: HttpRequest, origin: str) -> bool:
    """Return whether ``request`` was sent to ``origin`` or by a page of ``origin``."""
    # A proxy may change the Host header, but not the Origin header.
    return origin in {f"{request.scheme}://{request.get_host()}".lower(), request.headers.get("Origin")}


def address_under(request: HttpRequest, config: RuntimeConfig) -> str:
    """Return the origin at which the sender of ``request`` would reach the hub if ``config`` applied."""
    if config.public_url:
        return config.public_url
    pins = receipts.pins()
    host, port = pins.get("bind_address", config.host), pins.get("port", config.port)
    return f"{request.scheme}://{_name(request, config, host)}:{port}"


def _name(request: HttpRequest, config: RuntimeConfig, host: str) -> str:
    """Return the host name that the browser used, if this name leads to ``host``. Otherwise return ``host``.

    In place of a wildcard address, return ``127.0.0.1``.
    """
    # The browser sends its cookies only to the name that it used.
    used, _port = split_domain_port(request.get_host())
    return used if _came_to(request, host) and is_allowed(request, config) else reachable(host)


def _came_to_port(request: HttpRequest, config: RuntimeConfig) -> bool:
    return request.META.get("SERVER_PORT") in {str(config.port), NO_TCP}


def _came_to_address(request: HttpRequest, config: RuntimeConfig) -> bool:
    return _came_to(request, config.host)


def _came_to_public_url(request: HttpRequest, config: RuntimeConfig) -> bool:
    return not config.public_url or is_at(request, config.public_url)


CHECKS = {
    "port": _came_to_port,
    "bind_address": _came_to_address,
    "public_url": _came_to_public_url,
    "allowed_hosts": is_allowed,
}


def _came_to(request: HttpRequest, host: str) -> bool:
    """Return whether the connection arrived at the bind address ``host``.

    Return ``True`` if the address at which the connection arrived is not known.
    """
    local = parse_address(str(request.META.get("SERVER_NAME", "")))
    return local is None or host in WILDCARDS or local in _addresses(host)


def _addresses(host: str) -> set[Address | None]:
    """Return the IP addresses of ``host``. If ``host`` does not resolve, return an empty set."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return set()
    return {parse_address(str(address[0])) for *_, address in found}
