"""Format the results as a table for the terminal and as a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest

from rich.table import Table

from bench.row import Row
from bench.sample import TIMES

COLUMNS = ("what", "hub", "peers", "ratio", "target", "met?")

PAGE = """\
# Performance

`make bench` writes this page. A row of the table compares the hub with its peers, which are other libraries
or plain Django projects. The hub and its peers take turns: each of them is measured once in every round.

- Each figure is the median of the rounds. The brackets contain the middle half of the rounds.
- If a ratio is above 1, the hub is better. For times and memory, the ratio is the peer's figure divided by
  the hub's figure. For pages per second, the ratio is the hub's figure divided by the peer's figure.
- Each round gives its own ratio. If the machine is busy during a round, this slows down the hub and its peers
  alike, and the ratio changes little. The table shows the median of these ratios.
- Work inside one process is measured in CPU time. This does not include the time in which the process waits
  for a disk or for other processes.
- Everything else is measured in elapsed time.
- In these benchmarks, PostgreSQL does not wait for a disk. Its files are in memory if the machine has enough
  memory. SQLite waits for the disk.

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
    """Return the text of ``docs/performance.md``."""
    lines = [list(COLUMNS), ["---"] * len(COLUMNS), *(line for row in rows for line in _lines(row))]
    known = ", ".join(f"{name} {value}" for name, value in facts.items())
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return PAGE.format(facts=f"Measured on {day}: {known}.", table=table)


def _lines(row: Row) -> Iterator[list[str]]:
    """Yield the lines of the table for one row.

    The first line shows the first peer and the first target. The second line shows the second peer and the
    second target, and so on. A row without peers and targets has one line.
    """
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
