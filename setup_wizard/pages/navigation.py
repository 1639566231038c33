"""Navigation between the wizard's pages: the URLs, the order and the progress."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from setup_wizard.claiming.draft import Draft
from setup_wizard.steps import Step

REVIEW = Step(
    name="review",
    label="Review",
    title="Review and finish",
    intro="Check your answers. They take effect together when you finish.",
)


def url_of(step: Step) -> str:
    """Return the URL of a step."""
    return reverse("setup:review") if step is REVIEW else reverse("setup:step", args=[step.name])


def next_url(draft: Draft) -> str:
    """Return the URL of the first step that is not completed.

    If all steps are completed, return the URL of the review.
    """
    return url_of(draft.first_incomplete() or REVIEW)


def url_after(step: Step, draft: Draft) -> str:
    """Return the URL of the page after ``step``."""
    order = [*draft.steps_in_order(), REVIEW]
    following = order[_index(order, step) + 1]
    return url_of(following)


def url_before(step: Step, draft: Draft) -> str | None:
    """Return the URL of the page before ``step``. Return ``None`` if ``step`` is the first page."""
    order = [*draft.steps_in_order(), REVIEW]
    place = _index(order, step)
    return url_of(order[place - 1]) if place else None


def rows(current: Step, draft: Draft) -> list[dict[str, Any]]:
    """Return the rows of the progress list, a dict for each page of the chosen mode.

    Each dict has ``name``, ``label``, ``url`` and ``state``: "current", "done" or "todo".
    """
    return [
        {
            "name": step.name,
            "label": step.label,
            "url": url_of(step),
            "state": _state(step, current, draft),
        }
        for step in [*draft.steps_in_order(), REVIEW]
    ]


def _state(step: Step, current: Step, draft: Draft) -> str:
    if step.name == current.name:
        return "current"
    is_done = draft.first_incomplete() is None if step is REVIEW else draft.has(step)
    return "done" if is_done else "todo"


def _index(order: list[Step], step: Step) -> int:
    return [other.name for other in order].index(step.name)
