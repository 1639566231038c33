"""The same reads, where a request holds one revision from its start to its end."""

from __future__ import annotations

from bench.inside import Round
from bench.inside.reads import timers
from config_app import api
from config_app.live import runtime


def prepare() -> Round:
    """Return a round over the hub's way to read, within a request."""
    api.plan({"port": "8001"}).apply(actor="bench")
    measure_reads = timers()

    def measure() -> dict[str, float]:
        with runtime.override(runtime.get_config()):
            return measure_reads()

    return measure
