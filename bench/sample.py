"""What was measured: one value a round, seen as a median and a spread."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Iterable, Sequence


@dataclasses.dataclass(frozen=True, slots=True)
class Unit:
    """How values are written: the largest scale that leaves at least 1."""

    scales: Sequence[tuple[float, str]]

    def scale(self, value: float) -> tuple[float, str]:
        """Return the factor and the name to write ``value`` with."""
        return next((s for s in self.scales if abs(value) >= s[0]), self.scales[-1])

    def text(self, value: float) -> str:
        """Return ``value`` with its unit."""
        factor, name = self.scale(value)
        return f"{_three_digits(value / factor)}{name}"


LARGE = 999.5
"""From here on, rounding to three digits would round the whole part."""

SECONDS = Unit(((1.0, " s"), (1e-3, " ms"), (1e-6, " µs"), (1e-9, " ns")))
MEBIBYTES = Unit(((1.0, " MiB"),))
TIMES = Unit(((1.0, "×"),))
PERCENT = Unit(((0.01, " %"),))
COUNT = Unit(((1.0, ""),))
A_SECOND = Unit(((1.0, "/s"),))


def _three_digits(value: float) -> str:
    """Round to three digits, the whole part always whole."""
    return f"{value:,.0f}" if abs(value) >= LARGE else f"{round(value, 2):.3g}"


class Sample:
    """The values of all rounds, in the order of the rounds."""

    def __init__(self, values: Iterable[float], unit: Unit = SECONDS) -> None:
        self.values = tuple(values)
        self.unit = unit

    @property
    def median(self) -> float:
        """Return the value that half of the rounds stay below."""
        return statistics.median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """Return the bounds of the middle half of the rounds."""
        return self.quantile(0.25), self.quantile(0.75)

    def quantile(self, share: float) -> float:
        """Return the value that ``share`` of the rounds stay at or below."""
        ordered = sorted(self.values)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    def over(self, other: Sample) -> float:
        """Return how many times ``other`` this is, round by round: what slows one round slows both."""
        return statistics.median(a / b for a, b in zip(self.values, other.values, strict=True))

    def beyond(self, other: Sample) -> float:
        """Return how much more than ``other`` this is, round by round."""
        return statistics.median(a - b for a, b in zip(self.values, other.values, strict=True))

    def __str__(self) -> str:
        """Return the median with the spread behind it."""
        factor, _name = self.unit.scale(self.median)
        low, high = (_three_digits(bound / factor) for bound in self.spread)
        return f"{self.unit.text(self.median)} ({low}–{high})"
