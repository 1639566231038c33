"""The middleware that returns connections to the pool as soon as the response is complete."""

from __future__ import annotations

from django.db import connections
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_only_middleware

from config_app.middleware import GetResponse


@sync_only_middleware
def release_connections(get_response: GetResponse) -> GetResponse:
    """Return the connections of a request to the pool before the client reads the response."""
    # Django keeps a connection until the client has read the response. A few slow clients could then hold
    # all connections of the pool.

    def middleware(request: HttpRequest) -> HttpResponseBase:
        try:
            return get_response(request)
        finally:
            for connection in connections.all(initialized_only=True):
                if getattr(connection, "pool", None) is not None:
                    connection.close_if_unusable_or_obsolete()

    return middleware
