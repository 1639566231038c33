"""The middleware that pins one revision to each request."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_only_middleware

from config_app.errors import ConfigError
from config_app.live import runtime
from config_app.logs import REVISION

GetResponse = Callable[[HttpRequest], HttpResponseBase]


UNAVAILABLE = "config_app.unavailable"
"""The name in ``request.META`` for the ``ConfigError`` because of which there is no configuration."""


@sync_only_middleware
def one_revision(get_response: GetResponse) -> GetResponse:
    """Pin the current configuration to each request, and its revision to the request's log lines.

    If this process has no configuration, pass the request on with the error in ``request.META``. Put this
    middleware before all others that use the configuration, so that they use the same revision.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        try:
            runtime.get_snapshot()
        except ConfigError as error:
            request.META[UNAVAILABLE] = error
            return get_response(request)
        with runtime.OneRevision() as number:
            request.META[REVISION] = number
            return get_response(request)

    return middleware
