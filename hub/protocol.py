"""HTTP for the hub's workers."""

from __future__ import annotations

from uvicorn.protocols.http.h11_impl import H11Protocol

from config_app import feed


class HubProtocol(H11Protocol):
    """Ends event streams as the server stops: it waits for every response, and those would go on for ever."""

    def shutdown(self) -> None:
        """Stop gracefully; the server calls it for each of its connections."""
        feed.close()
        super().shutdown()
