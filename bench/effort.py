"""How much work a run puts into its figures."""

from __future__ import annotations

import dataclasses

QUICK_SIZE = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class Effort:
    """``quick`` only shows that everything runs: one round of everything, and nothing large."""

    quick: bool = False

    def rounds(self, number: int) -> int:
        """Return how many rounds to measure where a full run measures ``number``."""
        return 1 if self.quick else number

    def size(self, number: int) -> int:
        """Return how large to make what a full run makes ``number`` large."""
        return min(number, QUICK_SIZE) if self.quick else number
