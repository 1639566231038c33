"""Measure what an action costs: its CPU time and its SQL statements."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.inside.clock import CLOCK

TRANSACTION = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE SAVEPOINT")
Action = Callable[[], object]


def seconds(action: Action) -> float:
    """Return how many seconds of CPU time ``action`` needs."""
    start = CLOCK()
    action()
    return CLOCK() - start


def queries(action: Action) -> int:
    """Return how many SQL statements ``action`` runs, without those that begin or end transactions."""
    connection.queries_log.clear()
    with CaptureQueriesContext(connection) as captured:
        action()
    return sum(not query["sql"].startswith(TRANSACTION) for query in captured)
