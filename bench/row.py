"""One line of the result: what was measured, beside what, and whether it is good enough."""

from __future__ import annotations

import dataclasses
from typing import Literal

from bench.sample import Sample, Unit


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """A bound and the value that has to keep it."""

    value: float
    sign: Literal["≤", "≥"]
    limit: float
    unit: Unit
    of: str = ""

    @property
    def is_met(self) -> bool:
        """Tell whether the value keeps the bound."""
        return self.value <= self.limit if self.sign == "≤" else self.value >= self.limit

    @property
    def bound(self) -> str:
        """Return what must be reached."""
        return f"{self.sign} {self.unit.text(self.limit)} {self.of}".strip()

    @property
    def verdict(self) -> str:
        """Return whether that is so, and the value."""
        return f"{'✓' if self.is_met else '✗'} {self.unit.text(self.value)}"


@dataclasses.dataclass(frozen=True, slots=True)
class Peer:
    """What the hub is compared with; ``ratio`` is how many times faster (or smaller) the hub is."""

    name: str
    value: str
    ratio: float | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table."""

    what: str
    hub: str
    peers: tuple[Peer, ...] = ()
    checks: tuple[Check, ...] = ()

    @property
    def is_met(self) -> bool:
        """Tell whether every bound is kept."""
        return all(check.is_met for check in self.checks)


def beside(name: str, peer: Sample, hub: Sample) -> Peer:
    """Compare a peer with the hub, round by round."""
    return Peer(name, str(peer), peer.over(hub))
