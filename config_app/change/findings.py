"""Finds what would need attention after a change, although the configuration would be valid."""

from __future__ import annotations

from typing import Any

from config_app.change.plan import Plan
from config_app.problems import Problem
from config_app.project import get_project


def added_by(plan: Plan) -> list[Problem]:
    """Return the findings that the planned configuration has and the current one does not have."""
    before = {(problem.code, problem.message) for problem in _findings(plan.before)}
    return [problem for problem in _findings(plan.after) if (problem.code, problem.message) not in before]


def _findings(config: Any) -> list[Problem]:
    project = get_project()
    return [*project.findings(config), *project.problems(config)]
