"""The middleware that pins one revision to each request, and keeps the configuration of a server current."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from config_app.errors import ConfigError
from config_app.live import runtime
from config_app.live.pinning import pin, to_pin, unpin
from config_app.live.threads import to_async
from config_app.logs import REVISION
from config_app.propagation.watching import is_check_due, keep_current

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
    # Both functions are written out, because a context manager would add a microsecond to every request.
    if iscoroutinefunction(get_response):

        async def amiddleware(request: HttpRequest) -> Any:
            if is_check_due():
                await to_async(keep_current)(is_server=True)
            try:
                snapshot = to_pin() if runtime.loaded() else await to_async(to_pin)()
            except ConfigError as error:
                request.META[UNAVAILABLE] = error
                return await get_response(request)
            pinned = pin(snapshot)
            request.META[REVISION] = snapshot.revision if snapshot else 0
            try:
                return await get_response(request)
            finally:
                unpin(pinned)

        return amiddleware

    def middleware(request: HttpRequest) -> Any:
        if is_check_due():
            keep_current(is_server=True)
        try:
            snapshot = to_pin()
        except ConfigError as error:
            request.META[UNAVAILABLE] = error
            return get_response(request)
        pinned = pin(snapshot)
        request.META[REVISION] = snapshot.revision if snapshot else 0
        try:
            return get_response(request)
        finally:
            unpin(pinned)

    return middleware
