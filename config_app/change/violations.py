"""Raises an error for changes that break a rule between settings, and for changes that a guard refuses."""

from __future__ import annotations

from typing import Any

from config_app.errors import InvalidPlan, RuleViolation
from config_app.project import get_project, get_schema


def refuse_violations(before: Any, after: Any, *, from_shell: bool) -> None:
    """Raise ``InvalidPlan`` if the changes break a rule, or if a guard refuses the changes.

    If ``from_shell`` is true, ``Project.lockouts`` is not checked.
    """
    if violations := _violations(before, after, from_shell=from_shell):
        raise InvalidPlan(violations)


def _violations(before: Any, after: Any, *, from_shell: bool) -> list[RuleViolation]:
    """Return a violation for each rule that the changes break.

    If the changes break no rule, return a violation for each guard that refuses the changes.
    """
    schema, project = get_schema(), get_project()
    # Rules that are already broken must not block a change of other settings.
    known = {str(violation) for violation in schema.violations(before)}
    if broken := [v for v in schema.violations(after) if str(v) not in known]:
        return broken
    # A person in a shell can always repair the configuration again.
    lockouts = () if from_shell else project.lockouts(before, after)
    return [*schema.objections(before, after), *project.objections(before, after), *lockouts]
