"""Prints the output of a command, asks questions, and reports that the output is closed or broken."""

from __future__ import annotations

import json
import select
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from django.core.management.base import OutputWrapper
from django.utils.functional import Promise

from config_app.errors import ConfigError
from config_app.presentation.printable import printable
from config_app.problems import runnable

LONGEST_CELL = 1000
UNLIMITED = 1_000_000
"""The width of a table, in columns, if the output is not a screen."""


class OutputFailed(ConfigError):
    """The command cannot write its output."""


class OutputClosed(OutputFailed):
    """The program that reads the output has closed the pipe, as ``head`` does. This is not a failure."""


class Terminal:
    """The standard streams of one command: output, errors, and the answers to questions."""

    def __init__(self, stdout: Any, stderr: Any, stdin: TextIO | None = None) -> None:
        """Store the streams. The output streams may be files or Django's ``OutputWrapper``s."""
        self._stdout, self._stderr = stdout, stderr
        self._stdin = sys.stdin if stdin is None else stdin

    def line(self, text: str = "") -> None:
        """Print one line on standard output, with control characters escaped."""
        self.raw(printable(text))

    def raw(self, text: str) -> None:
        """Print ``text`` without escaping anything. The text may have several lines."""
        self._write(self._stdout, f"{text}\n")

    def note(self, text: str) -> None:
        """Print one line for people on standard error, with complete commands."""
        # Standard output is for the result, which a program may read.
        self._write(self._stderr, f"{printable(runnable(text))}\n")

    def warn(self, text: str) -> None:
        """Print one line that starts with ``warning:`` on standard error."""
        self.note(f"warning: {text}")

    def json(self, data: Any) -> None:
        """Print ``data`` as JSON. The output is ASCII, because every terminal can show ASCII."""
        self.raw(json_text(data, indent=2))

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table. If the output is a screen, fold long cells so that the table fits."""
        width = shutil.get_terminal_size().columns if self._stdout.isatty() else UNLIMITED
        self.raw(draw_table(headers, rows, width))

    def confirm(self, question: str) -> None:
        """Ask a yes-or-no question. Raise ``ConfigError`` unless the answer is yes.

        Also raise ``ConfigError`` if standard input is not a terminal.
        """
        self._require(f"{question} [y/N] ", {"y", "yes"})

    def demand_word(self, word: str) -> None:
        """Ask the person to type ``word``. Raise ``ConfigError`` if the answer is not ``word``.

        Also raise ``ConfigError`` if standard input is not a terminal.
        """
        self._require(f'Type "{word}" to go on: ', {word})

    def _require(self, question: str, answers: set[str]) -> None:
        if not self._stdin.isatty():
            problem = "cannot ask for confirmation, because standard input is not a terminal"
            raise ConfigError(problem, fix="add --yes")
        self._write(self._stdout, printable(question))
        self.flush()
        if self._stdin.readline().strip().lower() not in answers:
            raise ConfigError("not confirmed, so nothing was changed")

    def is_screen(self) -> bool:
        """Return whether standard output is a terminal, and not a file or a pipe."""
        return bool(self._stdout.isatty())

    def is_abandoned(self) -> bool:
        """Return whether the output is a pipe whose other end is closed."""
        try:
            poll = select.poll()
            poll.register(self._stdout.fileno(), 0)
            return bool(poll.poll(0))
        except (OSError, ValueError):  # standard output is not a file, so it has no other end
            return False

    def flush(self) -> None:
        """Flush standard output and standard error."""
        self._write(self._stdout, "")
        self._write(self._stderr, "")

    def _write(self, stream: Any, text: str) -> None:
        try:
            stream.write(text, **({"ending": ""} if isinstance(stream, OutputWrapper) else {}))
            stream.flush()
        except BrokenPipeError:
            raise OutputClosed("the output is closed") from None
        except OSError as error:
            raise OutputFailed(f"the output cannot be written: {error.strerror}") from None


def json_text(data: Any, indent: int | None = None) -> str:
    """Return ``data`` as JSON in ASCII. The data may contain lazily translated texts."""
    return json.dumps(data, indent=indent, default=_translated)


def _translated(value: object) -> str:
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def abbreviated(text: str) -> str:
    """Return ``text``. If the text is too long for a table cell, return only the start and the length."""
    if len(text) <= LONGEST_CELL:
        return text
    return f"{text[: LONGEST_CELL // 4]}… ({len(text)} characters)"


def draw_table(headers: Sequence[str], rows: Iterable[Sequence[str]], width: int) -> str:
    """Return a table that is at most ``width`` columns wide. Markup in its cells has no effect."""
    from io import StringIO

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SQUARE, header_style="")
    for header in headers:
        table.add_column(Text(header), overflow="fold")
    for row in rows:
        table.add_row(*(Text(abbreviated(printable(cell))) for cell in row))
    console = Console(file=StringIO(), width=width, color_system=None)
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip("\n")
