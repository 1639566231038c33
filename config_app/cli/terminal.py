"""Where a command's words go: escaped, never cut off, and with one line for whatever goes wrong."""

from __future__ import annotations

import json
import select
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from django.core.management.base import OutputWrapper

from config_app.errors import ConfigError

LONGEST_CELL = 1000
UNLIMITED = 1_000_000
"""Columns of a table that is not printed to a screen."""


class OutputFailed(ConfigError):
    """What the command says cannot be written."""


class OutputClosed(OutputFailed):
    """Whoever read the output has read enough, such as ``head``; nothing went wrong."""


class Terminal:
    """Standard output and error of one command, and standard input to ask on."""

    def __init__(self, stdout: Any, stderr: Any, stdin: TextIO | None = None) -> None:
        """Take the streams; Django's ``OutputWrapper``s do as well as files."""
        self._stdout, self._stderr = stdout, stderr
        self._stdin = sys.stdin if stdin is None else stdin

    def line(self, text: str = "") -> None:
        """Print one line, with control characters escaped."""
        self.raw(printable(text))

    def raw(self, text: str) -> None:
        """Print text that is one or several lines already, exactly as it is."""
        self._write(self._stdout, f"{text}\n")

    def note(self, text: str) -> None:
        """Print one line on standard error, for people: what programs read on standard output stays clean."""
        self._write(self._stderr, f"{printable(text)}\n")

    def warn(self, text: str) -> None:
        """Print one line on standard error that asks for attention."""
        self.note(f"warning: {text}")

    def json(self, data: Any) -> None:
        """Print JSON, in ASCII so that any stored character survives any terminal."""
        self.raw(json.dumps(data, indent=2))

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a box-drawn table: as wide as its cells need, folded only to fit a screen."""
        width = shutil.get_terminal_size().columns if self._stdout.isatty() else UNLIMITED
        self.raw(draw_table(headers, rows, width))

    def confirm(self, question: str) -> None:
        """Ask for a yes; raise ``ConfigError`` where it is not given or nobody can be asked."""
        if not self._stdin.isatty():
            raise ConfigError("this needs a yes, and nobody can be asked here", fix="add --yes")
        self._write(self._stdout, f"{printable(question)} [y/N] ")
        self.flush()
        if self._stdin.readline().strip().lower() not in {"y", "yes"}:
            raise ConfigError("not confirmed, so nothing was changed")

    def is_abandoned(self) -> bool:
        """Tell whether nobody reads the output any more, such as a pipe whose other end is closed."""
        try:
            poll = select.poll()
            poll.register(self._stdout.fileno(), 0)
            return bool(poll.poll(0))
        except (OSError, ValueError):  # no file, so nothing that could be closed at its other end
            return False

    def flush(self) -> None:
        """Let everything written reach its reader now."""
        self._write(self._stdout, "")
        self._write(self._stderr, "")

    def _write(self, stream: Any, text: str) -> None:
        try:
            stream.write(text, **({"ending": ""} if isinstance(stream, OutputWrapper) else {}))
            stream.flush()
        except BrokenPipeError:
            raise OutputClosed("nobody reads the output any more") from None
        except OSError as error:
            raise OutputFailed(f"the output cannot be written: {error.strerror}") from None


def printable(text: str) -> str:
    """Return ``text`` with whatever could move the cursor, ring or hide other text as an escape sequence."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def abbreviated(text: str) -> str:
    """Return a text that is short enough for a cell, and say how long it was."""
    if len(text) <= LONGEST_CELL:
        return text
    return f"{text[: LONGEST_CELL // 4]}… ({len(text)} characters)"


def draw_table(headers: Sequence[str], rows: Iterable[Sequence[str]], width: int) -> str:
    """Return a box-drawn table at most ``width`` columns wide; cells are taken literally."""
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
