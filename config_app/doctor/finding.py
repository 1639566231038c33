"""``Fact``: the result of one check of the doctor."""

from __future__ import annotations

import dataclasses
from typing import Any

from config_app.problems import Check, Finding, Look, Problem

__all__ = ["ERROR", "OK", "WARNING", "Check", "Fact", "Finding", "Look"]

OK, WARNING, ERROR = "ok", "warning", "error"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """The result of one check of the doctor: a finding, and the problems that the check found.

    ``name`` is the name of the check. Scripts can rely on the name, because no version changes the name.
    """

    name: str
    finding: str
    problems: tuple[Problem, ...] = ()

    @property
    def status(self) -> str:
        """Return ``ok``, ``warning`` or ``error``: the worst severity of the problems.

        If there is no problem, the status is ``ok``.
        """
        if not self.problems:
            return OK
        return ERROR if any(problem.severity == ERROR for problem in self.problems) else WARNING

    def as_json(self) -> dict[str, Any]:
        """Return the fact as JSON data."""
        return {
            "name": self.name,
            "status": self.status,
            "finding": self.finding,
            "problems": [problem.as_json() for problem in self.problems],
        }
