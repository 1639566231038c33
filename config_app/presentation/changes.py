"""Recorded changes as a person may see them: secrets masked."""

from __future__ import annotations

import dataclasses
import math

from config_app.declaration.schema import SECRET_SET
from config_app.models import Change, Confirmation, Revision
from config_app.project import get_schema

WAITING = "waiting"
CONFIRMATIONS = {
    WAITING: "waits to be confirmed",
    "confirmed": "confirmed",
    "reverted": "reverted",
    "failed": "not confirmed, could not be reverted",
}
"""What the history says of a revision that reverts, or would have reverted, by itself."""


@dataclasses.dataclass(frozen=True, slots=True)
class ShownChange:
    """One change of a revision; no text at all means that the default applied or applies."""

    key: str
    label: str
    old: str | None
    new: str | None
    is_secret: bool
    refused: bool
    note: str


def change_rows(revision: Revision) -> list[ShownChange]:
    """Return the changes of a revision, in the order in which they were made."""
    return [_shown(change) for change in revision.changes.all()]


def confirmation_of(revision: Revision) -> str:
    """Return ``waiting``, or how the wait ended; empty for a revision that never had to be confirmed."""
    found: Confirmation | None = getattr(revision, "confirmation", None)
    return (found.outcome or WAITING) if found else ""


def clock(seconds: float) -> str:
    """Return a span of time as a countdown shows it, such as ``4:32`` or ``1:00:00``."""
    minutes, rest = divmod(max(0, math.ceil(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _shown(change: Change) -> ShownChange:
    setting = get_schema().settings.get(change.key)
    # What this version does not know may well be a secret, under a mistyped name for one.
    is_secret = change.is_secret or setting is None or setting.is_secret
    return ShownChange(
        key=change.key,
        label=setting.label if setting else change.key,
        old=_mask(change.old_value, is_secret=is_secret),
        new=_mask(change.new_value, is_secret=is_secret),
        is_secret=is_secret,
        refused=change.refused,
        note=change.note,
    )


def _mask(text: str | None, *, is_secret: bool) -> str | None:
    return SECRET_SET if is_secret and text is not None else text
