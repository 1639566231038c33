"""The middleware that answers only requests for the hub's own host names."""

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
from config_app.fields.origins import parse_url
from config_app.middleware import GetResponse
from config_app.problems import runnable
from config_app.propagation import receipts
from hub.logs import request_notes
from hub.middleware.proxy import IGNORED_PROXY, PEER, parse_address
from hub.responses import errors
from hub.responses.proxy_texts import how_to_name_the_proxy
from hub.runtime_config import RuntimeConfig, get_config

logger = logging.getLogger("hub")

REFUSED_HOST = "host_refused"
"""The kind of the notes about refused hosts, and the code of the problem."""
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@sync_only_middleware
def allowed_hosts(get_response: GetResponse) -> GetResponse:
    """Answer 400 to requests for a host name that does not belong to the hub."""

    # This prevents DNS rebinding, and links to a forged host in the hub's pages.
    def middleware(request: HttpRequest) -> HttpResponseBase:
        if is_allowed(request, get_config()) or _is_static_file(request):
            return get_response(request)
        return _refuse(request, get_config())

    return middleware


def _refuse(request: HttpRequest, config: RuntimeConfig) -> HttpResponseBase:
    """Log the refused request, note its host for the doctor, and return a page with the fix."""
    host, is_proxied = parse_host(_name_in(request)), IGNORED_PROXY in request.META
    origin = _origin(request) if is_proxied and not config.public_url else ""
    fix = f"; {runnable(how_to_accept(in_brackets(host), config, _proxy(request), origin))}" if host else ""
    peer, named = request.META.get("REMOTE_ADDR"), request.META.get("HTTP_HOST", "")
    logger.warning(
        "refused a request from %s for host %.100r, which is not in allowed_hosts%s", peer, named, fix
    )
    # Programs that scan the internet use the public address, and strangers connect directly.
    if host and not _is_global(host) and not _is_global(request.META[PEER]):
        request_notes.note(REFUSED_HOST, origin or in_brackets(host))
    return errors.unknown_host(
        request,
        in_brackets(host or ""),
        is_listed=bool(config.allowed_hosts),
        is_proxied=is_proxied,
        origin=origin,
        proxy_texts="".join(how_to_name_the_proxy(has_others=bool(config.trusted_proxies))),
    )


def how_to_accept(host: str, config: RuntimeConfig, proxy: str = "", origin: str = "") -> str:
    """Return the fix for a refused host.

    ``host`` has brackets if it is an IPv6 address. ``proxy`` is the address of the untrusted proxy that has
    forwarded the request. ``origin`` is the public URL to set. ``proxy`` and ``origin`` may be empty.
    """
    hosts = ",".join([*config.allowed_hosts, host])
    changes = [f"public_url={origin}" if origin else f"allowed_hosts={hosts}"]
    if proxy:
        changes.append(f"trusted_proxies={','.join([*map(str, config.trusted_proxies), proxy])}")
    return f"if people open the hub under this name, run manage.py config set {' '.join(changes)}"


def _proxy(request: HttpRequest) -> str:
    """Return the address of the untrusted proxy. Return ``""`` if there is none, or if it is global."""
    peer = str(request.META[PEER])
    return peer if IGNORED_PROXY in request.META and not _is_global(peer) else ""


def _origin(request: HttpRequest) -> str:
    """Return the origin that people have probably opened. Return ``""`` if the host is not valid."""
    try:
        url = parse_url(f"{request.META[IGNORED_PROXY] or 'https'}://{request.get_host()}")
    except DisallowedHost:
        return ""
    return url.origin if url else ""


def _is_global(text: str) -> bool:
    """Return whether ``text`` is an IP address that everyone on the internet can reach."""
    address = parse_address(text)
    return address is not None and address.is_global


def _name_in(request: HttpRequest) -> str:
    """Return the host that the request names, without port. Return ``""`` if the host is not valid."""
    try:
        name, _port = split_domain_port(request.get_host())
    except DisallowedHost:
        return ""
    return name


def _is_static_file(request: HttpRequest) -> bool:
    """Return whether the request is for a static file."""
    # The page that refuses a request needs its style sheet, and static files are public anyway.
    return request.path_info.startswith(settings.STATIC_URL) and request.method in {"GET", "HEAD"}


def is_allowed(request: HttpRequest, config: RuntimeConfig) -> bool:
    """Return whether the hub would accept the request's host name with the settings in ``config``."""
    if not (name := _name_in(request)):
        return False
    host = in_brackets(parse_host(name) or name)
    return validate_host(host, list(own_hosts(config))) or host == _local_address(request)


def own_hosts(config: RuntimeConfig) -> Iterator[str]:
    """Yield the hub's own host names, in the format of Django's ``ALLOWED_HOSTS``."""
    yield from LOOPBACK
    yield _machine_name()
    yield from config.allowed_hosts
    yield in_brackets(receipts.pins().get("bind_address", config.host))
    if hostname := urlsplit(config.public_url).hostname:
        yield in_brackets(hostname)


@functools.cache
def _machine_name() -> str:
    """Return this machine's own host name."""
    # This name is safe against DNS rebinding: an attacker's name server is never asked for it.
    return parse_host(socket.gethostname()) or "localhost"


def _local_address(request: HttpRequest) -> str | None:
    """Return this machine's IP address on the connection. Return ``None`` if the address is unknown."""
    # An address is safe against DNS rebinding, which needs a name.
    address = parse_address(str(request.META.get("SERVER_NAME", "")))
    return None if address is None else in_brackets(str(address))
