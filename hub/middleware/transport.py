"""HSTS, by the configuration in force."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_only_middleware

from config_app.middleware import GetResponse
from hub.runtime_config import get_config

HSTS = "max-age=31536000"
"""One year; without subdomains, which are not the hub's to decide about."""


@sync_only_middleware
def strict_transport(get_response: GetResponse) -> GetResponse:
    """Tell browsers that came by https to stay there, where the operator wants it (RFC 6797)."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.is_secure() and get_config().enable_hsts:
            response["Strict-Transport-Security"] = HSTS
        return response

    return middleware
