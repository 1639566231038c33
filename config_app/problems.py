"""What needs a person's attention, and what a check of the doctor has found."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from config_app.presentation.overview import Overview


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that needs a person's attention; never carries a secret's value.

    ``code`` is stable; ``keys`` are the settings concerned.
    """

    code: str
    message: str
    fix: str = ""
    keys: tuple[str, ...] = ()
    severity: str = "warning"

    def __str__(self) -> str:
        """Return one line for a terminal or a log."""
        return f"{self.message}; {self.fix}" if self.fix else self.message

    def as_json(self) -> dict[str, Any]:
        """Return what the health endpoint and ``--json`` print."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found: a text without any value of a secret, and what needs a person's attention."""

    text: str
    problems: tuple[Problem, ...] = ()


Check = Callable[["Overview"], Finding]
"""Looks at one fact, which its name says; a ``ConfigError`` that it raises is an error of that fact."""
Look = Callable[[], Finding]
"""Looks at a fact that there is to see even without a database."""
