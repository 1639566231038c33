"""Read one setting inside a request that is pinned to one revision."""

from __future__ import annotations

from bench.inside import Round
from bench.inside.reads import timers
from config_app import api
from config_app.live import pinning


def prepare() -> Round:
    """Return a function that measures reads of the port inside a request."""
    api.plan({"port": "8001"}).apply(actor="bench")
    measure_reads = timers()

    def measure() -> dict[str, float]:
        pinned = pinning.pin(pinning.to_pin())
        try:
            return measure_reads()
        finally:
            pinning.unpin(pinned)

    return measure
