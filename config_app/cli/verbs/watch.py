"""``config watch``: print each revision when it is committed."""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Any

from django.db import close_old_connections

from config_app import store
from config_app.change.adoption import adopt_now
from config_app.cli.revisions import revision_json, revision_lines
from config_app.cli.terminal import Terminal, json_text
from config_app.cli.verb import Verb, number, number_or_zero
from config_app.errors import ConfigError, DatabaseUnavailable
from config_app.models import Revision
from config_app.propagation.sources import ChangeSource, open_source
from config_app.store import timeline

PAGE = 500
"""The number of revisions to read with one query."""
RETRY = 1.0
"""Seconds between two attempts to reach an unavailable database."""


class Watch(Verb):
    """Prints each revision when it is committed, until Ctrl-C. No server has to run for this verb."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--since``, ``--limit`` and ``--json``."""
        text = "first print the revisions after N (0: all of them)"
        parser.add_argument("--since", type=number_or_zero, metavar="N", help=text)
        parser.add_argument("--limit", type=number, metavar="N", help="stop after N revisions")
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="print one line of JSON for each revision"
        )

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Print revisions until ``--limit`` is reached, a signal arrives or the output is closed."""
        with _ended_by_signals():
            last = timeline.last_number() if options.since is None else options.since
            terminal.note(f"watching from revision {last}; press Ctrl-C to stop")
            _Follower(terminal, last, options).follow()


class _ReaderGone(threading.Event):
    """An event that is set as soon as the program that reads our output has closed the pipe."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self._terminal = terminal

    def is_set(self) -> bool:
        return self._terminal.is_abandoned()


class _Follower:
    """Prints every revision after ``last``. If the database is unavailable, waits and tries again."""

    def __init__(self, terminal: Terminal, last: int, options: Namespace) -> None:
        self._terminal, self._last, self._as_json = terminal, last, options.as_json
        self._left = math.inf if options.limit is None else options.limit
        self._reader_gone = _ReaderGone(terminal)
        self._is_out = False

    def _goes_on(self) -> bool:
        return self._left > 0 and not self._reader_gone.is_set()

    def follow(self) -> None:
        while self._goes_on():
            try:
                with contextlib.closing(open_source()) as source:
                    self._follow(source)
            except DatabaseUnavailable as error:
                self._wait_for_database(error)

    def _follow(self, source: ChangeSource) -> None:
        self._print_news()
        self._is_out = False
        while self._goes_on():
            source.wait(self._reader_gone)
            if source.look():
                self._print_news()

    def _print_news(self) -> None:
        if store.read().drifted:
            self._adopt()
        while self._left and (found := timeline.revisions_after(self._last, int(min(PAGE, self._left)))):
            for revision in found:
                self._print(revision)
                self._last = revision.number
            self._left -= len(found)

    def _adopt(self) -> None:
        """If rows were changed with SQL, record a new revision. Print a warning if the recording fails."""
        # A running server would do this too, but perhaps no server runs.
        try:
            adopt_now()
        except ConfigError as error:
            self._terminal.warn(f"a change made with SQL could not be recorded: {error}")

    def _print(self, revision: Revision) -> None:
        if self._as_json:
            self._terminal.raw(json_text(revision_json(revision)))
            return
        for line in revision_lines(revision):
            self._terminal.line(line)

    def _wait_for_database(self, error: DatabaseUnavailable) -> None:
        if not self._is_out:
            self._terminal.warn(f"{error}; watching continues when the database is back")
        self._is_out = True
        close_old_connections()
        time.sleep(RETRY)


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """End the block on Ctrl-C (SIGINT) or SIGTERM, without an error.

    A command that a shell starts in the background normally ignores SIGINT. Here SIGINT ends the block even
    in such a command.
    """

    def end(*_signal: Any) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
