"""Making every process read the configuration again, whether or not it noticed a change."""

from __future__ import annotations

from django.db import transaction

from config_app import store
from config_app.change.adoption import adopt
from config_app.live import runtime


def reload_everywhere() -> int:
    """Let every process load the configuration anew and return the number of the last revision.

    What somebody wrote past the store becomes a revision first. Raises ``DatabaseUnavailable``.
    """
    with store.writing() as found:
        stored = adopt(found, thoroughly=True)
        store.bump_version(stored)
        transaction.on_commit(runtime.reload_after_commit)
    return stored.revision
