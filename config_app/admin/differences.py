"""The changes of a plan, with secrets masked, as the pages and messages of the admin show them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from django.utils.text import Truncator

from config_app.change.confirmation import period
from config_app.change.findings import added_by
from config_app.change.plan import Difference, Plan
from config_app.declaration.schema import NOT_SET
from config_app.presentation.changes import ShownChange, clock
from config_app.problems import sentences
from config_app.project import get_schema

LONGEST = 60
MOST = 8


def planned_rows(plan: Plan) -> list[ShownChange]:
    """Return the changes of a plan as rows, so that pages show them like the changes of a revision."""
    return [_shown(difference) for difference in plan.differences]


def as_json(plan: Plan) -> list[dict[str, Any]]:
    """Return the changes of a plan as JSON data for the review dialog."""
    return [
        {**dataclasses.asdict(row), "takes_effect": difference.takes_effect.description}
        for row, difference in zip(planned_rows(plan), plan.differences, strict=True)
    ]


def lockout_warning(plan: Plan) -> str:
    """Return a warning if a plan could lock its author out. Otherwise, return an empty text.

    Pages show this text before and after the plan is applied. The text must be correct at both times.
    """
    if not plan.can_lock_out:
        return ""
    return f"This change could lock you out, so it reverts in {clock(period())} unless you confirm it."


def findings(plan: Plan) -> list[str]:
    """Return a text for each finding that the plan would add."""
    return [sentences(problem) for problem in added_by(plan)]


def in_words(rows: Iterable[ShownChange]) -> str:
    """Return the first ``MOST`` changes as one line of text.

    If there are more changes, the line ends with their number.
    """
    rows = list(rows)
    words = [f"{row.label} {_word(row, row.old)} → {_word(row, row.new)}" for row in rows[:MOST]]
    if len(rows) > MOST:
        words.append(f"{len(rows) - MOST} more")
    return "; ".join(words)


def _word(row: ShownChange, text: str | None) -> str:
    if text is None:
        return NOT_SET if row.is_secret else "default"
    if not text:
        return "empty"
    return text if len(text) <= LONGEST else Truncator(text).chars(LONGEST)


def _shown(difference: Difference) -> ShownChange:
    is_secret = get_schema()[difference.key].is_secret
    return ShownChange(
        key=difference.key,
        label=difference.label,
        old=None if is_secret and difference.old == NOT_SET else difference.old,
        new=None if is_secret and difference.new == NOT_SET else difference.new,
        is_secret=is_secret,
        refused=False,
        note="",
    )
