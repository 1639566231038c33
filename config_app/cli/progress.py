"""A progress bar on standard error. It appears only if standard error is a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from config_app.cli.terminal import Terminal


@contextlib.contextmanager
def showing_progress(terminal: Terminal, title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar with ``title`` during the ``with`` block. Yield a function that moves the bar.

    Call this function with the number of finished items and the number of all items.
    """
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    terminal.flush()
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, every: bar.update(task, completed=done, total=every)
