"""The CORS middleware. It allows an exact list of origins, or all origins (``*``) without credentials."""

from __future__ import annotations

from urllib.parse import SplitResult

from corsheaders.middleware import (
    ACCESS_CONTROL_ALLOW_CREDENTIALS,
    ACCESS_CONTROL_ALLOW_ORIGIN,
)
from corsheaders.middleware import CorsMiddleware as StaticCorsMiddleware
from django.http import HttpRequest, HttpResponseBase

from hub.runtime_config import get_config

ANY = "*"


class CorsMiddleware(StaticCorsMiddleware):
    """django-cors-headers' middleware, with the origins from the setting ``allowed_origins``."""

    async_capable = False

    def origin_found_in_white_lists(self, origin: str, url: SplitResult) -> bool:
        """Return whether ``allowed_origins`` contains the origin or ``*``."""
        allowed = get_config().allowed_origins
        return ANY in allowed or origin in allowed

    def add_response_headers(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Add the CORS headers to the response and return it."""
        # Scripts of listed origins may send cookies. If the list is ``*``, no script of another origin may.
        response = super().add_response_headers(request, response)
        if ACCESS_CONTROL_ALLOW_ORIGIN in response:
            if ANY in get_config().allowed_origins:
                response[ACCESS_CONTROL_ALLOW_ORIGIN] = ANY
            else:
                response[ACCESS_CONTROL_ALLOW_CREDENTIALS] = "true"
        return response
