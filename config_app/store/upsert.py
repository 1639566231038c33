"""Rows that are inserted, or updated where they exist, in one statement on every kind of database."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, models


def upsert(rows: Sequence[models.Model], *, unique: Sequence[str], updated: Sequence[str]) -> None:
    """Insert ``rows`` of one model; where one has the ``unique`` fields already, update these fields of it.

    MySQL and MariaDB take any unique key for the one that is meant, and refuse to be told which.
    """
    if not rows:
        return
    names_target = connection.features.supports_update_conflicts_with_target
    type(rows[0])._default_manager.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=unique if names_target else None,
        update_fields=updated,
    )
