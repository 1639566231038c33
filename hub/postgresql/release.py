"""Return connections to the pool as soon as a request needs no connection for a while."""

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
            release_idle()

    return middleware


def release_idle() -> None:
    """Return this thread's connections to the pool, unless they are in a transaction.

    The next query takes a connection from the pool again. So call this function before a long wait.
    """
    for connection in connections.all(initialized_only=True):
        is_idle = connection.autocommit and not connection.in_atomic_block
        if is_idle and getattr(connection, "pool", None) is not None:
            connection.close_if_unusable_or_obsolete()
