"""Makes every process reload the configuration, even a process that noticed no change."""

from __future__ import annotations

from config_app import store
from config_app.change.adoption import adopt
from config_app.live import runtime


def reload_everywhere() -> int:
    """Make every process reload the configuration, and return the number of the newest revision.

    First, writes that bypassed the store are recorded as a revision. Raise ``DatabaseUnavailable`` if the
    database cannot be used.
    """
    with store.writing() as found:
        stored = adopt(found, thoroughly=True)
        store.bump_version(stored)
        runtime.reload_on_commit()
    return stored.revision
