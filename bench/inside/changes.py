"""Change the hub's configuration with a plan, as the hub's commands do."""

from __future__ import annotations

import itertools
import time

from django.db import transaction

from bench.inside import Round
from bench.workers import REPORT_URI
from config_app import api


def prepare() -> Round:
    """Return a function that commits one change.

    The function returns a dict. ``number`` is the number that the new value contains. ``committed`` is the
    time of the commit in monotonic seconds.
    """
    numbers = itertools.count(1)

    def measure() -> dict[str, float]:
        number, committed = next(numbers), 0.0

        def note() -> None:
            nonlocal committed
            committed = time.monotonic()

        with transaction.atomic():
            transaction.on_commit(note)
            api.plan({"csp_report_uri": REPORT_URI.format(number)}).apply(actor="bench")
        return {"number": number, "committed": committed}

    return measure
