"""The innermost middleware. It keeps all layers of middleware in one thread."""

from __future__ import annotations

from django.utils.decorators import sync_only_middleware

from config_app.middleware import GetResponse


@sync_only_middleware
def single_hop(get_response: GetResponse) -> GetResponse:
    """Return ``get_response`` unchanged. The decorator declares that this layer is sync-only."""
    # Django runs sync-only layers in a thread. Because the innermost layer is sync-only too, Django does not
    # leave this thread between the layers.
    return get_response
