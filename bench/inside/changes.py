"""Change the hub's configuration in the same way as the commands of the hub do."""

from __future__ import annotations

import itertools
import time

from django.db import transaction

from bench.inside import Round
from bench.workers import REPORT_URI
from config_app import api


def prepare() -> Round:
    """Return a round that commits one change.

    The round returns ``number``, from which the new value is made, and ``committed``, the time of the commit.
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
