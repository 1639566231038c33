"""The store: the only code that reads and writes the configuration tables."""

from __future__ import annotations

from config_app.store.origin import CODE, Origin
from config_app.store.recorded import (
    accepted_texts,
    first_complete,
    history,
    kept_revisions,
    last_changes,
    latest_texts,
    newest_by_key,
    newest_refusals,
)
from config_app.store.tables import (
    Edit,
    Row,
    Stored,
    acknowledge,
    archived,
    bump_version,
    read,
    record,
    record_only,
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
    "first_complete",
    "history",
    "kept_revisions",
    "last_changes",
    "latest_texts",
    "newest_by_key",
    "newest_refusals",
    "read",
    "record",
    "record_only",
    "version",
    "writing",
]
