"""The middleware that sends the HSTS header, if ``enable_hsts`` is true."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_only_middleware

from config_app.middleware import GetResponse
from hub.runtime_config import get_config

HSTS = "max-age=31536000"
"""The header's value: one year in seconds. Subdomains are left out, because they may be other hosts."""


@sync_only_middleware
def strict_transport(get_response: GetResponse) -> GetResponse:
    """If ``enable_hsts`` is true, add the HSTS header (RFC 6797) to responses over https."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.is_secure() and get_config().enable_hsts:
            response["Strict-Transport-Security"] = HSTS
        return response

    return middleware
