"""The hub answers only under its own names, as the configuration in force has them."""

from __future__ import annotations

import functools
import logging
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBase
from django.http.request import split_domain_port, validate_host
from django.utils.decorators import sync_only_middleware

from config_app.fields.hosts import in_brackets, parse_host
from config_app.middleware import GetResponse
from config_app.propagation import receipts
from hub.middleware.proxy import parse_address
from hub.responses import errors
from hub.runtime_config import RuntimeConfig, get_config

logger = logging.getLogger("hub")

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@sync_only_middleware
def allowed_hosts(get_response: GetResponse) -> GetResponse:
    """Refuse requests for another host: against DNS rebinding and forged links."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if is_allowed(request, get_config()) or _is_style(request):
            return get_response(request)
        peer, host = request.META.get("REMOTE_ADDR"), request.META.get("HTTP_HOST", "")
        logger.warning("refused a request from %s for %.100r, which allowed_hosts does not list", peer, host)
        return errors.bad_request(request)

    return middleware


def _is_style(request: HttpRequest) -> bool:
    """Tell whether the page that says so asks for its own looks, which are nobody's secret."""
    return request.path_info.startswith(settings.STATIC_URL) and request.method in {"GET", "HEAD"}


def is_allowed(request: HttpRequest, config: RuntimeConfig) -> bool:
    """Tell whether ``config`` lets the hub answer to the host that the request is for."""
    try:
        name, _port = split_domain_port(request.get_host())
    except DisallowedHost:
        return False
    host = in_brackets(parse_host(name) or name)
    return validate_host(host, list(own_hosts(config))) or host == _local_address(request)


def own_hosts(config: RuntimeConfig) -> Iterator[str]:
    """Yield the names under which the hub answers, as Django's ``ALLOWED_HOSTS`` would list them."""
    yield from LOOPBACK
    yield _machine_name()
    yield from config.allowed_hosts
    yield in_brackets(receipts.pins().get("bind_address", config.host))
    if hostname := urlsplit(config.public_url).hostname:
        yield in_brackets(hostname)


@functools.cache
def _machine_name() -> str:
    """Return what this machine calls itself: nobody elsewhere can make a browser look that up at theirs."""
    return parse_host(socket.gethostname()) or "localhost"


def _local_address(request: HttpRequest) -> str | None:
    """Return the address that the connection came in on: a page elsewhere cannot rebind to a number."""
    address = parse_address(str(request.META.get("SERVER_NAME", "")))
    return None if address is None else in_brackets(str(address))
