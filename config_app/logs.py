"""Adds the number of the revision to log records. The Django settings can import this module."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Any

REVISION = "config_app.revision"
"""The key in ``request.META`` under which the middleware stores the number of the pinned revision."""

pinned: ContextVar[Any] = ContextVar("config_app_pinned", default=None)
"""The ``Snapshot`` that is pinned to this request or block; ``None`` if no snapshot is pinned."""


class RevisionFilter(logging.Filter):
    """Adds ``at_revision`` to each record: `` revision=42`` during a request, otherwise an empty text.

    To show ``at_revision``, write ``%(at_revision)s`` in the format of a handler.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add ``at_revision`` to the record and return True."""
        snapshot = pinned.get()
        number = snapshot.revision if snapshot else None
        # Django logs the status of a response after the middleware, when no revision is pinned any more. The
        # record of that line has the request.
        number = _of_request(record) if number is None else number
        record.at_revision = "" if number is None else f" revision={number}"
        return True


def _of_request(record: logging.LogRecord) -> int | None:
    meta = getattr(getattr(record, "request", None), "META", None)
    number = meta.get(REVISION) if isinstance(meta, dict) else None
    return number if isinstance(number, int) else None
