"""The innermost middleware, which keeps the whole stack in one thread."""

from __future__ import annotations

from django.utils.decorators import sync_only_middleware

from config_app.middleware import GetResponse


@sync_only_middleware
def single_hop(get_response: GetResponse) -> GetResponse:
    """Return ``get_response`` unchanged."""
    # Because this layer is sync-only, Django does not add a change of thread between the layers around it.
    return get_response
