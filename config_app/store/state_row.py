"""The only row of ``config_state``: it counts the writes, and every writer locks it first."""

from __future__ import annotations

from django.db.models import Max

from config_app.database import connection
from config_app.models import ConfigState, Revision
from config_app.store.statements import BUMP, LOCK, STATE_ID


def lock() -> None:
    """Make other writers wait until the transaction ends. Create the row if it is missing."""
    if not _run(LOCK):
        create()
        _run(LOCK)  # another writer may have created the row


def bump() -> None:
    """Increase the version in the row by 1."""
    _run(BUMP)


def exists() -> bool:
    """Return whether the row exists. Without the row, the triggers cannot increase the version."""
    return ConfigState.objects.filter(pk=STATE_ID).exists()


def create() -> None:
    """Create the row if it is missing; several processes may call this at the same time."""
    if ConfigState.objects.filter(pk=STATE_ID).exists():
        return
    last = Revision.objects.aggregate(last=Max("version"))["last"]
    # No revision has this version, so every process reloads and records what was written without the row.
    version = 0 if last is None else last + 1
    ConfigState.objects.bulk_create([ConfigState(pk=STATE_ID, version=version)], ignore_conflicts=True)


def _run(statement: str) -> int:
    """Run an SQL statement that changes the row. Return 1, or return 0 if the row does not exist."""
    with connection().cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.rowcount)
