"""The two kinds of run: a full run measures, and a quick run only checks that everything works."""

from __future__ import annotations

import dataclasses

QUICK_SIZE = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class Effort:
    """The effort of a run. A ``quick`` run measures only one round, with a small amount of data."""

    quick: bool = False

    def rounds(self, number: int) -> int:
        """Return ``number`` in a full run, and 1 in a quick run."""
        return 1 if self.quick else number

    def size(self, number: int) -> int:
        """Return ``number``. In a quick run, return at most ``QUICK_SIZE``."""
        return min(number, QUICK_SIZE) if self.quick else number
