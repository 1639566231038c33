"""Template tags that show times and the changes of a revision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import template
from django.utils import translation
from django.utils.timesince import timesince

from config_app import problems
from config_app.models import Revision, now
from config_app.presentation import printable as printing
from config_app.presentation.changes import change_rows

register = template.Library()
SHOWN = 3


@register.filter
def printable(text: str) -> str:
    """Return ``text`` with an escape sequence in place of each character that is not printable."""
    return printing.printable(text)


@register.filter
def runnable(text: str) -> str:
    """Return ``text`` with complete commands. Use this filter only on pages that show paths anyway."""
    return problems.runnable(text)


@register.filter
def sentences(problem: problems.Problem) -> str:
    """Return the message and the fix of a problem as sentences with complete commands."""
    return problems.sentences(problem)


@register.filter
def full_sentence(text: str) -> str:
    """Return ``text`` as a whole sentence: with a period, and a capital unless it starts with a name."""
    return problems.full_sentence(text)


@register.simple_tag
def has_complete_commands() -> bool:
    """Return whether ``runnable`` replaces ``./manage.py`` by a longer text."""
    return problems.command_prefix() not in {"", problems.IN_FOLDER}


@register.filter
def ago(moment: dt.datetime) -> str:
    """Return how long ago ``moment`` was, in one unit, such as ``just now`` or ``5 minutes ago``."""
    if now() - moment < dt.timedelta(minutes=1):
        return "just now"
    with translation.override(None):  # the rest of the sentence is English too
        return f"{timesince(moment, now(), depth=1)} ago"


@register.inclusion_tag("config_app/_changes.html")
def changes_of(revision: Revision, most: int = SHOWN) -> dict[str, Any]:
    """Render at most ``most`` changes of a revision, and the number of the changes that are left out."""
    rows: Sequence[Any] = change_rows(revision)
    return {"changes": rows[:most], "more": max(0, len(rows) - most), "revision": revision}
