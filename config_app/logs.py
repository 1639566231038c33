"""Which revision a log line was written under; needs no loaded apps, so that settings can name it."""

from __future__ import annotations

import logging
from contextvars import ContextVar

REVISION = "config_app.revision"
"""Under this name, ``request.META`` has the revision that the request sees."""

pinned_revision: ContextVar[int | None] = ContextVar("config_app_revision", default=None)
"""The revision that this request or block sees from start to end, where one is pinned."""


class RevisionFilter(logging.Filter):
    """Lets a handler's format have ``%(at_revision)s``: `` revision=42`` within a request, else nothing.

    Django reports what a request was answered with once its middleware is done; such a record brings
    the request along.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        number = pinned_revision.get()
        number = _of_request(record) if number is None else number
        record.at_revision = "" if number is None else f" revision={number}"
        return True


def _of_request(record: logging.LogRecord) -> int | None:
    meta = getattr(getattr(record, "request", None), "META", None)
    number = meta.get(REVISION) if isinstance(meta, dict) else None
    return number if isinstance(number, int) else None
