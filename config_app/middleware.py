"""One revision for the whole of a request."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_only_middleware

from config_app import runtime
from config_app.logs import REVISION

GetResponse = Callable[[HttpRequest], HttpResponseBase]


@sync_only_middleware
def one_revision(get_response: GetResponse) -> GetResponse:
    """Let a request see one configuration from start to end, and stamp its log lines with the revision."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        with runtime.one_revision() as number:
            request.META[REVISION] = number
            return get_response(request)

    return middleware
