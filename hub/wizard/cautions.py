"""Finds what may cut people off, or need attention, after the claim of a hub."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest

from config_app.fields.hosts import is_loopback
from config_app.problems import Problem
from hub.findings import transport
from hub.middleware.hosts import is_allowed
from hub.middleware.proxy import FORWARDED, PEER, is_trusted, parse_address
from hub.network import arrival
from hub.runtime_config import RuntimeConfig
from hub.wizard.network import host_name


def cautions(request: HttpRequest, after: RuntimeConfig) -> Iterator[Problem]:
    """Yield what a person should know before the claim. ``after`` is the runtime config after the claim.

    ``request`` shows how the person reaches the hub.
    """
    yield from _about_address(request, after)
    yield from _about_proxy(request, after)
    yield from transport(after)


def _about_address(request: HttpRequest, after: RuntimeConfig) -> Iterator[Problem]:
    keys = ("public_url", "allowed_hosts")
    if not is_allowed(request, after):
        message = (
            f"public_url and allowed_hosts lack {request.get_host()}, so the hub will refuse the address of "
            "this page"
        )
        yield Problem(code="address_refused", message=message, keys=keys)
    elif not is_loopback(host_name(request)) and not arrival.arrived_under(request, after, {"public_url"}):
        opened = f"{request.scheme}://{request.get_host()}"
        message = f"public_url is {after.public_url}, but this page was opened at {opened}"
        yield Problem(code="other_address", message=message, keys=keys)


def _about_proxy(request: HttpRequest, after: RuntimeConfig) -> Iterator[Problem]:
    # The middleware has left these headers in the request only if it trusts the peer.
    peer, is_forwarded = request.META[PEER], any(header in request.META for header in FORWARDED)
    if is_forwarded and not is_trusted(parse_address(peer), after.trusted_proxies):
        message = (
            f"this page came through a proxy at {peer}, but trusted_proxies lacks this address, "
            "so the hub will not see https"
        )
        yield Problem(code="proxy_dropped", message=message, keys=("trusted_proxies",))
