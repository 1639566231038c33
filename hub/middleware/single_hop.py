"""The innermost layer, which keeps the whole stack in one thread."""

from __future__ import annotations

from django.utils.decorators import sync_only_middleware

from config_app.middleware import GetResponse


@sync_only_middleware
def single_hop(get_response: GetResponse) -> GetResponse:
    """Do nothing: an innermost sync-only layer makes Django run those around it without hops of their own."""
    return get_response
