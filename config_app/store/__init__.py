"""The store: the only code that reads and writes the configuration tables."""

from __future__ import annotations

from config_app.store.origin import CODE, Origin
from config_app.store.tables import (
    Edit,
    Row,
    Stored,
    accepted_texts,
    acknowledge,
    archived,
    bump_version,
    history,
    last_changes,
    latest_texts,
    read,
    record,
    record_only,
    unsettled,
    version,
    writing,
)

__all__ = [
    "CODE",
    "Edit",
    "Origin",
    "Row",
    "Stored",
    "accepted_texts",
    "acknowledge",
    "archived",
    "bump_version",
    "history",
    "last_changes",
    "latest_texts",
    "read",
    "record",
    "record_only",
    "unsettled",
    "version",
    "writing",
]
