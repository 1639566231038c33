"""``Problem``: something that needs attention. ``Finding``: what one check of the doctor found."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from config_app.presentation.overview import Overview


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that needs a person's attention. The texts never contain the value of a secret.

    ``code`` never changes, so scripts can rely on it. ``keys`` are the keys of the settings concerned.
    """

    code: str
    message: str
    fix: str = ""
    keys: tuple[str, ...] = ()
    severity: str = "warning"

    def __str__(self) -> str:
        """Return the message and the fix in one line, for a terminal or a log."""
        return f"{self.message}; {self.fix}" if self.fix else self.message

    def as_json(self) -> dict[str, Any]:
        """Return the problem as a dictionary, for the health endpoint and ``--json``."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """What one check of the doctor found: a text, and problems. Neither contains the value of a secret."""

    text: str
    problems: tuple[Problem, ...] = ()


Check = Callable[["Overview"], Finding]
"""A function that makes one check of the doctor. The report shows the name of the function.

The function can raise ``ConfigError``."""
Look = Callable[[], Finding]
"""A function that makes one check of the doctor and needs no database."""
