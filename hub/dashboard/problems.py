"""The list of problems on the dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.text import capfirst

from config_app.errors import DatabaseUnavailable
from config_app.live.snapshot import Snapshot
from config_app.presentation.keyring import recovery
from config_app.problems import Problem, runnable, sentence
from config_app.project import get_project
from config_app.propagation import sources
from config_app.store import deadlines

ORDER = ("error", "warning", "info")
SETTLE = "confirm or revert this revision in the banner at the top of every page"


def problem_rows(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return the problems of the configuration, the hub and its environment, the most severe first."""
    project, config = get_project(), snapshot.config
    of_project = [*project.problems(config), *project.findings(config), *project.drift(config)]
    others = [*sources.hindrances(), *of_project]
    found = [*snapshot.problems, *_waiting(snapshot), *_of_keys(snapshot), *others]
    return [_row(problem) for problem in sorted(found, key=lambda p: ORDER.index(p.severity))]


def _waiting(snapshot: Snapshot) -> Iterator[Problem]:
    """Yield a problem for each unconfirmed revision, the newest first."""
    if snapshot.confirm_by is None:  # no revision is unconfirmed, so no query is needed
        return
    try:
        numbers = [number for number, _left in reversed(deadlines.unconfirmed())]
    except DatabaseUnavailable:  # the page shows only what it can find out without the database
        return
    for number in numbers:
        message = f"Revision {number} will be reverted unless it is confirmed"
        yield Problem(code="unconfirmed", message=message, fix=SETTLE)


def _of_keys(snapshot: Snapshot) -> list[Problem]:
    try:
        return list(recovery(snapshot.config))
    except DatabaseUnavailable:
        return []


def _row(problem: Problem) -> dict[str, Any]:
    return {"severity": problem.severity, "title": sentence(problem), "fix": capfirst(runnable(problem.fix))}
