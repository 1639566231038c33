"""The middleware that answers requests while the configuration cannot be read."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_only_middleware

from config_app.errors import ConfigError
from config_app.middleware import UNAVAILABLE, GetResponse
from hub.responses import errors, health


@sync_only_middleware
def configuration_required(get_response: GetResponse) -> GetResponse:
    """Answer 503 with the reason and the fix while the configuration cannot be read."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        error = request.META.get(UNAVAILABLE)
        return get_response(request) if error is None else _answer(request, error)

    return middleware


def _answer(request: HttpRequest, error: ConfigError) -> HttpResponseBase:
    if request.path_info == health.LIVE_PATH:
        return health.live(request)
    if request.path_info == health.READY_PATH:
        return health.unready(request)
    return errors.unavailable(request, error)
