"""What the test expects: which configurations were committed, and what each open transaction has written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Values = dict[str, Any]
DEFAULTS: Values = {"page_size": 20, "greeting": "Welcome", "token": None}
REVISION, SQL = "revision", "sql"
"""The kinds of events: a revision was recorded, or raw SQL wrote a row."""


def parsed(changes: dict[str, str | None]) -> Values:
    """Return the values that ``changes`` lead to."""
    texts = {key: DEFAULTS[key] if text is None else text for key, text in changes.items()}
    return {key: int(text) if key == "page_size" else text for key, text in texts.items()}


@dataclass
class Block:
    """What one open ``atomic`` block has written."""

    writes: Values = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    revisions: dict[int, Values] = field(default_factory=dict)

    def take(self, inner: Block) -> None:
        """Add what an inner block has written."""
        self.writes |= inner.writes
        self.events += inner.events
        self.revisions |= inner.revisions


@dataclass
class Transaction:
    """An open transaction. ``began`` is the number of configurations that were committed before it."""

    is_old: bool
    began: int
    blocks: list[Block] = field(default_factory=lambda: [Block()])
    locked_in: int | None = None
    """The index of the block that holds the writers' lock."""
    may_miss_sql: bool = False
    """Whether raw SQL has written a row since the process last looked at the tables."""

    @property
    def events(self) -> list[str]:
        """Return the events of all blocks."""
        return [event for block in self.blocks for event in block.events]

    def on(self, values: Values) -> Values:
        """Return ``values`` with what this transaction has written."""
        for block in self.blocks:
            values = values | block.writes
        return values


@dataclass
class Committed:
    """All configurations that were committed, the newest one last."""

    history: list[Values] = field(default_factory=lambda: [DEFAULTS])
    events: list[str] = field(default_factory=list)
    revisions: dict[int, Values] = field(default_factory=dict)

    @property
    def newest(self) -> Values:
        """Return the configuration that is committed now."""
        return self.history[-1]

    def take(self, block: Block) -> None:
        """Commit what a block has written."""
        if block.events:
            self.history.append(self.newest | block.writes)
            self.events += block.events
            self.revisions |= block.revisions

    def find(self, values: Values, start: int) -> int:
        """Return where ``values`` were committed, at ``start`` or later."""
        found = next((n for n in range(start, len(self.history)) if self.history[n] == values), None)
        assert found is not None, f"{values} is none of {self.history[start:]} (from {start})"
        return found


@dataclass
class Drawn:
    """A plan that a process has kept."""

    changes: Values
    is_based: bool
    events: int
    """The number of events that were committed before it was drawn."""
