"""Measured values, one for each round, with their median and spread."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Iterable, Sequence


@dataclasses.dataclass(frozen=True, slots=True)
class Unit:
    """A unit with several scales. A value is written in the largest scale in which it is at least 1."""

    scales: Sequence[tuple[float, str]]

    def scale(self, value: float) -> tuple[float, str]:
        """Return the factor and the name of the scale in which ``value`` is written."""
        return next((s for s in self.scales if abs(value) >= s[0]), self.scales[-1])

    def text(self, value: float) -> str:
        """Return ``value`` with its unit."""
        factor, name = self.scale(value)
        return f"{_three_digits(value / factor)}{name}"


LARGE = 999.5
"""From this value on, a number is written with all digits of its whole part and without a fraction."""

SECONDS = Unit(((1.0, " s"), (1e-3, " ms"), (1e-6, " µs"), (1e-9, " ns")))
MEBIBYTES = Unit(((1.0, " MiB"),))
TIMES = Unit(((1.0, "×"),))
PERCENT = Unit(((0.01, " %"),))
COUNT = Unit(((1.0, ""),))
A_SECOND = Unit(((1.0, "/s"),))


def _three_digits(value: float) -> str:
    """Return ``value`` as text.

    A value below ``LARGE`` gets at most three digits. A larger value gets all its digits, but no fraction.
    """
    return f"{value:,.0f}" if abs(value) >= LARGE else f"{round(value, 2):.3g}"


class Sample:
    """The values of all rounds, in order."""

    def __init__(self, values: Iterable[float], unit: Unit = SECONDS) -> None:
        self.values = tuple(values)
        self.unit = unit

    @property
    def median(self) -> float:
        """Return the median of the values."""
        return statistics.median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """Return the lower and the upper quartile."""
        return self.quantile(0.25), self.quantile(0.75)

    def quantile(self, share: float) -> float:
        """Return a quantile of the values. ``share`` is between 0 and 1: 0.99 means the 99th percentile."""
        ordered = sorted(self.values)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    def over(self, other: Sample) -> float:
        """Divide each value by the value of ``other`` in the same round. Return the median of the ratios."""
        # A busy moment of the machine slows down both values of the same round.
        return statistics.median(a / b for a, b in zip(self.values, other.values, strict=True))

    def beyond(self, other: Sample) -> float:
        """Return the median of the differences: each value minus the value of ``other`` in the same round."""
        return statistics.median(a - b for a, b in zip(self.values, other.values, strict=True))

    def __str__(self) -> str:
        """Return the median and the spread: ``12 ms (11–14)``."""
        factor, _name = self.unit.scale(self.median)
        low, high = (_three_digits(bound / factor) for bound in self.spread)
        return f"{self.unit.text(self.median)} ({low}–{high})"


def joined(samples: Iterable[Sample]) -> Sample:
    """Return a sample with the values of all ``samples``.

    There must be at least one sample, and all samples must have the same unit.
    """
    several = list(samples)
    return Sample([value for sample in several for value in sample.values], several[0].unit)
