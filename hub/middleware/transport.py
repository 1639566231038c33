"""The HSTS header, which every response over https has if ``enable_hsts`` is true."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import SynchronousOnlyOperation
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_only_middleware

from config_app.errors import ConfigError
from config_app.middleware import GetResponse
from hub.middleware.proxy import is_trusted, parse_address
from hub.responses.bare_responses import Headers
from hub.runtime_config import RuntimeConfig, get_config

NAME = "Strict-Transport-Security"
HSTS = "max-age=31536000"
"""The header's value: one year in seconds. Subdomains are left out, because they may be other hosts."""


@sync_only_middleware
def strict_transport(get_response: GetResponse) -> GetResponse:
    """If ``enable_hsts`` is true, add the HSTS header (RFC 6797) to responses over https."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.is_secure() and get_config().enable_hsts:
            response[NAME] = HSTS
        return response

    return middleware


def bare_headers(scope: dict[str, Any]) -> Headers:
    """Return the HSTS header for a response that does not pass through the middleware, or an empty list.

    ``scope`` is the ASGI scope of the request. If ``scope`` has no headers, the request cannot be read. Then
    assume https if the request comes from a trusted proxy.
    """
    try:
        config = get_config()
    except (ConfigError, SynchronousOnlyOperation):  # this process has not read a configuration yet
        return []
    # Over http, browsers ignore the header (RFC 6797, 8.1).
    is_told = config.enable_hsts and _is_https(scope, config)
    return [(NAME.lower().encode(), HSTS.encode())] if is_told else []


def _is_https(scope: dict[str, Any], config: RuntimeConfig) -> bool:
    """Return what ``request.is_secure()`` returns for this scope."""
    peer, _port = scope.get("client") or ("", None)
    if scope.get("scheme") == "https" or not is_trusted(parse_address(peer), config.trusted_proxies):
        return scope.get("scheme") == "https"
    if "headers" not in scope:
        return True
    schemes = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-proto")
    return schemes.split(b",")[-1].strip().lower() == b"https"
