"""Log lines about requests that an outage makes fail. An outage must not fill the disk with its log."""

from __future__ import annotations

import logging
import threading
import time

logger = logging.getLogger("hub")

REPEAT = 10.0
"""A reason is logged again only this many seconds after its last line."""
MOST = 100
"""The log remembers at most this many reasons."""

_lock = threading.Lock()
_reasons: dict[str, tuple[float, int]] = {}
"""Maps each reason to the time of its last line, and to the number of requests without a line since then."""


def note(reason: str) -> None:
    """Log why a request has failed, unless a line with the same reason was logged a moment ago."""
    now = time.monotonic()
    with _lock:
        logged_at, more = _reasons.get(reason, (-REPEAT, 0))
        is_due = now - logged_at >= REPEAT
        if len(_reasons) >= MOST:
            _reasons.clear()
        _reasons[reason] = (now, 0) if is_due else (logged_at, more + 1)
    if is_due:
        logger.error("%s%s", reason, f" ({more} more requests since the last such line)" if more else "")
