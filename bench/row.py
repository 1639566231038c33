"""A row of the result: what was measured, what it is compared with, and whether it meets the targets."""

from __future__ import annotations

import dataclasses
from typing import Literal

from bench.sample import Sample, Unit


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """A target, and the measured value that must meet the target."""

    value: float
    sign: Literal["≤", "≥"]
    limit: float
    unit: Unit
    of: str = ""

    @property
    def is_met(self) -> bool:
        """Return whether the value meets the target."""
        return self.value <= self.limit if self.sign == "≤" else self.value >= self.limit

    @property
    def bound(self) -> str:
        """Return the target as text, such as ``≤ 60 ns``."""
        return f"{self.sign} {self.unit.text(self.limit)} {self.of}".strip()

    @property
    def verdict(self) -> str:
        """Return ✓ or ✗, followed by the value."""
        return f"{'✓' if self.is_met else '✗'} {self.unit.text(self.value)}"


@dataclasses.dataclass(frozen=True, slots=True)
class Peer:
    """A library or project with which the hub is compared.

    If ``ratio`` is above 1, the hub is better. A ratio of 2 means that the hub is twice as good. If
    ``ratio`` is ``None``, the table shows no ratio.
    """

    name: str
    value: str
    ratio: float | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the table: what was measured, the hub's figure, the peers and the targets."""

    what: str
    hub: str
    peers: tuple[Peer, ...] = ()
    checks: tuple[Check, ...] = ()

    @property
    def is_met(self) -> bool:
        """Return whether all targets are met."""
        return all(check.is_met for check in self.checks)


def beside(name: str, peer: Sample, hub: Sample) -> Peer:
    """Return a ``Peer`` that compares two samples of times or sizes.

    For each round, the value of ``peer`` is divided by the value of ``hub``. The ratio of the ``Peer`` is the
    median of these quotients.
    """
    return Peer(name, str(peer), peer.over(hub))
