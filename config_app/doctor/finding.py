"""What the doctor says of one fact: what was found, how bad that is, and what cures it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from config_app.project import Problem

if TYPE_CHECKING:
    from config_app.presentation.overview import Overview

OK, WARNING, ERROR = "ok", "warning", "error"


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found: a text without any value of a secret, and what needs a person's attention."""

    text: str
    problems: tuple[Problem, ...] = ()


Check = Callable[["Overview"], Finding]
"""Looks at one fact, which its name says; a ``ConfigError`` that it raises is an error of that fact."""
Look = Callable[[], Finding]
"""Looks at a fact that there is to see even without a database."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One examined fact; ``name`` is stable."""

    name: str
    finding: str
    problems: tuple[Problem, ...] = ()

    @property
    def status(self) -> str:
        """Return ``ok``, ``warning`` or ``error``, the worst of the problems."""
        if not self.problems:
            return OK
        return ERROR if any(problem.severity == ERROR for problem in self.problems) else WARNING

    def as_json(self) -> dict[str, Any]:
        """Return the fact for programs."""
        return {
            "name": self.name,
            "status": self.status,
            "finding": self.finding,
            "problems": [problem.as_json() for problem in self.problems],
        }
