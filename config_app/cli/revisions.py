"""Revisions as text and as JSON, with secrets masked, for the verbs that print them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from config_app.cli.terminal import abbreviated
from config_app.declaration.schema import NOT_SET
from config_app.models import Revision
from config_app.presentation.changes import CONFIRMATIONS, ShownChange, change_rows, confirmation_of
from config_app.project import get_schema

NO_ROW = "(no row)"


def revision_lines(revision: Revision) -> Iterator[str]:
    """Yield a headline for a revision, then a line for each change of the revision."""
    yield f"revision {revision.number}  {when(revision)}  {origin(revision)}{_mark(revision)}"
    for change in change_rows(revision):
        yield f"  {change_line(change)}"


def _mark(revision: Revision) -> str:
    found = confirmation_of(revision)
    return f"  [{CONFIRMATIONS[found]}{_confirmed_by(revision)}]" if found else ""


def _confirmed_by(revision: Revision) -> str:
    """Return who confirmed a revision and why. Return an empty text if the history records neither."""
    wait = revision.confirmation
    who = f" by {wait.actor}" if wait.actor else ""
    return f"{who}: {wait.reason}" if wait.reason else who


def when(revision: Revision) -> str:
    """Return the time of a revision in ISO 8601, in the project's time zone."""
    return timezone.localtime(revision.created_at).isoformat(timespec="seconds")


def origin(revision: Revision) -> str:
    """Return who made a revision, through which channel and why."""
    who = revision.actor or "unknown"
    reason = f": {revision.reason}" if revision.reason else ""
    return f"{who} ({revision.channel}){reason}"


def change_line(change: ShownChange) -> str:
    """Return a change as text, such as ``port: 8884 → 8885``. The value of a secret is not shown."""
    if change.refused:
        return f"{change.key}: refused, {refusal(change.note)}"
    if change.is_secret and change.old is not None and change.new is not None:
        return f"{change.key}: changed"
    return f"{change.key}: {_shown(change, change.old)} → {_shown(change, change.new)}"


def refusal(note: str) -> str:
    """Return the reason for a refusal, such as ``expected a number``."""
    # A note on a single value is only a noun phrase, such as "a number".
    is_sentence = "expected " in note or ": " in note
    return note if is_sentence else f"expected {note}"


def _shown(change: ShownChange, text: str | None) -> str:
    if text is not None:
        return abbreviated(text) or "(empty)"
    setting = get_schema().settings.get(change.key)
    if setting is None:
        return NO_ROW
    default = setting.display(setting.default)
    return default if default == NOT_SET else f"{default or '(empty)'} (default)"


def revision_json(revision: Revision) -> dict[str, Any]:
    """Return a revision as JSON data. The data says only whether a secret was set before and after."""
    return {
        "number": revision.number,
        "created_at": revision.created_at.isoformat(),
        "actor": revision.actor,
        "channel": revision.channel,
        "address": revision.address,
        "reason": revision.reason,
        "confirmation": confirmation_of(revision) or None,
        **_confirmed_json(revision),
        "changes": [_change_json(change) for change in change_rows(revision)],
    }


def _confirmed_json(revision: Revision) -> dict[str, str]:
    wait = getattr(revision, "confirmation", None)
    return {"confirmed_by": wait.actor, "confirmation_reason": wait.reason} if wait and wait.actor else {}


def _change_json(change: ShownChange) -> dict[str, Any]:
    values: dict[str, Any] = {"old": change.old, "new": change.new}
    if change.is_secret:
        values = {"old": None, "new": None}
        values |= {"was_set": change.old is not None, "is_set": change.new is not None}
    marks = {"is_secret": change.is_secret, "refused": change.refused, "note": change.note}
    return {"key": change.key, **values, **marks}
