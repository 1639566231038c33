"""What an action costs: time and statements."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.inside.clock import CLOCK

TRANSACTION = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE SAVEPOINT")
Action = Callable[[], object]


def seconds(action: Action) -> float:
    """Return how long ``action`` computes."""
    start = CLOCK()
    action()
    return CLOCK() - start


def queries(action: Action) -> int:
    """Return how many statements ``action`` needs within its transactions."""
    connection.queries_log.clear()
    with CaptureQueriesContext(connection) as captured:
        action()
    return sum(not query["sql"].startswith(TRANSACTION) for query in captured)
