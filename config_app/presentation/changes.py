"""Recorded changes for display, with secrets masked."""

from __future__ import annotations

import dataclasses
import math

from config_app.declaration.reserved import is_ciphertext
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
"""Maps each state of a confirmation to the text that the history shows."""


@dataclasses.dataclass(frozen=True, slots=True)
class ShownChange:
    """One change of a revision for display. In ``old`` and ``new``, ``None`` stands for the default."""

    key: str
    label: str
    old: str | None
    new: str | None
    is_secret: bool
    refused: bool
    note: str


def change_rows(revision: Revision) -> list[ShownChange]:
    """Return the changes of a revision for display, in the order in which they were recorded."""
    return [_shown(change) for change in revision.changes.all()]


def confirmation_of(revision: Revision) -> str:
    """Return the state of the revision's confirmation: ``waiting``, or the outcome.

    Return an empty text if the revision never had to be confirmed.
    """
    found: Confirmation | None = getattr(revision, "confirmation", None)
    return (found.outcome or WAITING) if found else ""


def clock(seconds: float) -> str:
    """Return seconds as the text of a countdown, such as ``4:32`` or ``1:00:00``."""
    minutes, rest = divmod(max(0, math.ceil(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _shown(change: Change) -> ShownChange:
    key = get_schema().current_key(change.key)
    setting = get_schema().settings.get(key)
    # The value of an unknown key may be a secret, for example if the key was mistyped.
    is_secret = change.is_secret or setting is None or setting.is_secret
    return ShownChange(
        key=key,
        label=setting.label if setting else key,
        old=_mask(change.old_value, is_secret=is_secret),
        new=_mask(change.new_value, is_secret=is_secret),
        is_secret=is_secret,
        refused=change.refused,
        note=change.note,
    )


def _mask(text: str | None, *, is_secret: bool) -> str | None:
    if text is None:
        return None
    return SECRET_SET if is_secret or is_ciphertext(text) else text
