"""``upsert``: inserts rows, or updates them if they exist, in one statement."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models

from config_app.database import connection


def upsert(rows: Sequence[models.Model], *, unique: Sequence[str], updated: Sequence[str]) -> None:
    """Insert ``rows``, all of one model. If a row with the same ``unique`` fields exists, update this row.

    ``updated`` are the names of the fields to update.
    """
    if not rows:
        return
    # MySQL and MariaDB compare every unique key of the table, so a statement cannot name one of them.
    names_target = connection().features.supports_update_conflicts_with_target
    type(rows[0])._default_manager.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=unique if names_target else None,
        update_fields=updated,
    )
