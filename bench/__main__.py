"""Run benchmarks and print a table. A full run of all benchmarks also writes docs/performance.md."""

from __future__ import annotations

import argparse
import datetime as dt
import sys

from rich.console import Console

from bench.benchmarks import BENCHMARKS
from bench.contestant import ROOT
from bench.effort import Effort
from bench.machine import facts
from bench.report import page, terminal_table
from bench.row import Row

WIDTH = 160
"""The width of the table, in characters, if the output is not a terminal."""
DOCUMENT = ROOT / "docs" / "performance.md"


def main() -> int:
    """Run the chosen benchmarks.

    Return the exit status: 1 if a full run misses a target, otherwise 0.
    """
    options = _parse()
    names, effort, console = (
        options.names or list(BENCHMARKS),
        Effort(quick=options.quick),
        Console(width=None if sys.stdout.isatty() else WIDTH),
    )
    rows = [row for name in names for row in _run(name, effort, console)]
    console.print(terminal_table(rows))
    if options.quick:
        return 0
    if not options.names:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(page(rows, facts(), f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"))
    return 0 if all(row.is_met for row in rows) else 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"a benchmark: {', '.join(BENCHMARKS)} (default: all)"
    )
    parser.add_argument("--quick", action="store_true", help="check that everything runs; ignore the targets")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    return options


def _run(name: str, effort: Effort, console: Console) -> list[Row]:
    with console.status(f"measuring {name}"):
        return BENCHMARKS[name](effort)


if __name__ == "__main__":
    sys.exit(main())
