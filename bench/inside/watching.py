"""Run a process that does nothing except watch for changes."""

from __future__ import annotations

import time

from bench.inside import Round
from bench.inside.clock import CLOCK
from config_app import api

SECONDS = 2.0


def prepare() -> Round:
    """Start the watcher. Return a function that measures the watcher's CPU time in a sleeping process."""
    api.plan({"port": "8001"}).apply(actor="bench")
    api.start_watching()
    return lambda: {"share of a core": _share()}


def _share() -> float:
    computing, start = CLOCK(), time.monotonic()
    time.sleep(SECONDS)
    return (CLOCK() - computing) / (time.monotonic() - start)
