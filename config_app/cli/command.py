"""A management command that ends with one line and an exit status, whatever happens."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand

from config_app.cli.terminal import OutputClosed, OutputFailed, Terminal, printable
from config_app.cli.verb import WrongCall
from config_app.errors import ConfigError, InvalidPlan

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130


class OneLineCommand(BaseCommand):
    """Exit status 0: done; 1: refused or failed, with a line on standard error; 2: a wrong call."""

    requires_system_checks = []

    @property
    def terminal(self) -> Terminal:
        """Return where to print."""
        return Terminal(self.stdout, self.stderr)

    def run_from_argv(self, argv: list[str]) -> None:
        """Run the command and exit with its status."""
        _prepare_process()
        status = self._run(argv)
        if status != DONE:
            sys.exit(status)

    def _run(self, argv: list[str]) -> int:
        try:
            super().run_from_argv(argv)
        except OutputClosed:
            _abandon_output()
            return DONE
        except ConfigError as error:
            if isinstance(error, OutputFailed):
                _abandon_output()
            for line in error_lines(error):
                sys.stderr.write(f"error: {printable(line)}\n")
            return WRONG if isinstance(error, WrongCall) else FAILED
        except KeyboardInterrupt:
            return INTERRUPTED
        return DONE

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command; subclasses say what that is."""
        raise NotImplementedError


def error_lines(error: ConfigError) -> Iterator[str]:
    """Yield one line for every setting that is wrong."""
    yield from map(str, error.errors if isinstance(error, InvalidPlan) else [error])


def _prepare_process() -> None:
    """Print any character in some way, and leave it to the command to say what is wrong."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    logging.getLogger("config_app").setLevel(logging.CRITICAL)


def _abandon_output() -> None:
    """Keep the interpreter from complaining on exit that it cannot flush."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
