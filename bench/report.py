"""The result as a table in the terminal and as a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest

from rich.table import Table

from bench.row import Row
from bench.sample import TIMES

COLUMNS = ("what", "hub", "peers", "ratio", "must reach", "met?")

PAGE = """\
# Performance

Written by `make bench`. The contestants of a line run in the same run and take turns, round by round. A
figure is the median of the rounds, with the middle half of them in brackets. A ratio says how many times the
peer's figure is the hub's; it is taken round by round, because whatever slows a round slows both sides.
What happens within one process is told in processor time, without its waiting for a disk or for other
processes; everything else in time that passes. PostgreSQL keeps its files in memory, where there is room, and
does not wait for a disk; SQLite does.

{facts}

{table}
"""


def terminal_table(rows: Iterable[Row]) -> Table:
    """Return the table that ``make bench`` prints."""
    table = Table(*COLUMNS)
    for row in rows:
        for line in _lines(row):
            table.add_row(*line, style=None if row.is_met else "red")
        table.add_section()
    return table


def page(rows: Iterable[Row], facts: Mapping[str, str], day: str) -> str:
    """Return ``docs/performance.md``."""
    lines = [list(COLUMNS), ["---"] * len(COLUMNS), *(line for row in rows for line in _lines(row))]
    known = ", ".join(f"{name} {value}" for name, value in facts.items())
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return PAGE.format(facts=f"Measured on {day}: {known}.", table=table)


def _lines(row: Row) -> Iterator[list[str]]:
    """Yield a line for each peer and each bound, side by side, and one where there is neither."""
    what, hub = row.what, row.hub
    for peer, check in zip_longest(row.peers or [None], row.checks):
        yield [
            what,
            hub,
            f"{peer.name}: {peer.value}" if peer else "",
            TIMES.text(peer.ratio) if peer and peer.ratio is not None else "",
            check.bound if check else "",
            check.verdict if check else "",
        ]
        what = hub = ""
