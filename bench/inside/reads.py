"""Read one setting in several ways, outside a request."""

from __future__ import annotations

import asyncio
import timeit

from django.conf import settings

from bench.inside import Round
from bench.inside.clock import CLOCK
from bench.inside.peers import Statement, readers
from config_app import api
from config_app.live import runtime
from tests.support.waiting import wait_for

LONG_ENOUGH = 0.004
"""The shortest time of one measurement, in seconds. The resolution of the clock is much finer."""
AWAITS = 10_000


def prepare() -> Round:
    """Return a function that measures reads of the port with config_app and with each installed library.

    A watcher runs during the measurement, as it does in every server. Without a watcher, each read of a
    setting would also read the clock.
    """
    api.plan({"port": "8001"}).apply(actor="bench")
    api.start_watching()
    wait_for(runtime.is_watched, "reads that rely on the watcher")
    return timers(**readers())


def timers(**others: Statement) -> Round:
    """Return a function that measures several ways to read the port.

    The function measures each way that config_app offers, and each statement in ``others``. It returns a dict
    that maps the name of each way to the seconds of one read.
    """
    statements: dict[str, Statement] = {
        "attribute": ("config.port", {"config": api.get_config()}),
        "get_config": ("get_config().port", {"get_config": api.get_config}),
        "settings": ("settings.PORT", {"settings": settings}),
        **others,
    }
    found = {
        name: timeit.Timer(text, timer=CLOCK, globals=known) for name, (text, known) in statements.items()
    }
    counts = {name: _count(timer) for name, timer in found.items()}

    def measure() -> dict[str, float]:
        seconds = {name: timer.timeit(counts[name]) / counts[name] for name, timer in found.items()}
        return seconds | {"aget_config": asyncio.run(_measure_awaits())}

    return measure


def _count(timer: timeit.Timer) -> int:
    timer.timeit(1)
    return int(LONG_ENOUGH / (timer.timeit(10) / 10)) + 1


async def _measure_awaits() -> float:
    aget_config = api.aget_config
    start = CLOCK()
    for _ in range(AWAITS):
        (await aget_config()).port  # noqa: B018 - reading is what is measured
    return (CLOCK() - start) / AWAITS
