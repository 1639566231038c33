"""The middleware that pins one revision to each request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from config_app.errors import ConfigError
from config_app.live import pinning, runtime
from config_app.live.threads import to_async
from config_app.logs import REVISION

GetResponse = Callable[[HttpRequest], HttpResponseBase]


UNAVAILABLE = "config_app.unavailable"
"""The key in ``request.META`` under which the middleware stores why there is no configuration.

The value is a ``ConfigError``."""


@sync_and_async_middleware
def one_revision(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Let a request see one configuration from start to end, and add the revision to the request's log lines.

    Place this middleware before every middleware that uses the configuration. If there is no configuration
    yet, pass the request on, with the error in ``request.META`` under ``UNAVAILABLE``.
    """
    if iscoroutinefunction(get_response):

        async def amiddleware(request: HttpRequest) -> Any:
            pin = _pin(request) if runtime.loaded() else await to_async(_pin)(request)
            if pin is None:
                return await get_response(request)
            with pin as number:
                request.META[REVISION] = number
                return await get_response(request)

        return amiddleware

    def middleware(request: HttpRequest) -> Any:
        if (pin := _pin(request)) is None:
            return get_response(request)
        with pin as number:
            request.META[REVISION] = number
            return get_response(request)

    return middleware


def _pin(request: HttpRequest) -> pinning.OneRevision | None:
    """Return a context manager that pins the request to the current revision.

    If there is no configuration, put the error into ``request.META`` and return ``None``.
    """
    try:
        return pinning.OneRevision()
    except ConfigError as error:
        request.META[UNAVAILABLE] = error
        return None
