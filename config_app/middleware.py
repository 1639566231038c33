"""One revision for the whole of a request."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_only_middleware

from config_app.errors import ConfigError
from config_app.live import runtime
from config_app.logs import REVISION

GetResponse = Callable[[HttpRequest], HttpResponseBase]


UNAVAILABLE = "config_app.unavailable"
"""Under this name, ``request.META`` has the error that left the request without any configuration."""


@sync_only_middleware
def one_revision(get_response: GetResponse) -> GetResponse:
    """Let a request see one configuration from start to end, and stamp its log lines with the revision.

    The outermost of the layers that look at a request, so that what others add to a response is of the same
    revision. A request that comes before there is any configuration is passed on with the reason.
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
