"""The base class of management commands that report a failure with one line and an exit status."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError

from config_app.cli.parsing import DiscreetCommand
from config_app.cli.terminal import OutputClosed, OutputFailed, Terminal
from config_app.cli.verb import WrongCall
from config_app.errors import ConfigError, InvalidPlan
from config_app.presentation.printable import printable
from config_app.store.process import process

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130


class OneLineCommand(DiscreetCommand):
    """A management command with a fixed exit status for each outcome.

    The status is 0 if the command succeeded, 1 if it was refused or failed, and 2 if it was called
    incorrectly. Each error is a line on standard error. If code runs the command with ``call_command``, a
    ``ConfigError`` becomes the cause of a ``CommandError``.
    """

    requires_system_checks = []
    _called_from_command_line = False  # Django sets this attribute, but Django's type stubs lack it
    _shows_traceback = False

    @property
    def terminal(self) -> Terminal:
        """Return the standard streams of the command."""
        return Terminal(self.stdout, self.stderr)

    def run_from_argv(self, argv: list[str]) -> None:
        """Run the command. If the command fails, exit with a status other than 0."""
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
            if self._shows_traceback:
                raise
            if isinstance(error, OutputFailed):
                _abandon_output()
            for line in error_lines(error):
                sys.stderr.write(f"error: {printable(line)}\n")
            return _status(error)
        except KeyboardInterrupt:
            return INTERRUPTED
        return DONE

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command. For ``call_command``, turn a ``ConfigError`` into a ``CommandError``."""
        self._shows_traceback = bool(options.get("traceback"))
        try:
            return super().execute(*args, **options)
        except ConfigError as error:
            if self._called_from_command_line:
                raise
            raise CommandError("\n".join(error_lines(error)), returncode=_status(error)) from error

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command. Every subclass overrides this method."""
        raise NotImplementedError


def _status(error: ConfigError) -> int:
    return WRONG if isinstance(error, WrongCall) else FAILED


def error_lines(error: ConfigError) -> Iterator[str]:
    """Yield one line for each error that ``error`` contains."""
    yield from map(str, error.errors if isinstance(error, InvalidPlan) else [error])


def _prepare_process() -> None:
    """Prepare this process for a command that ends soon.

    The output streams accept any character. config_app logs only critical errors and starts no watcher.
    """
    process.is_short_command = True
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # The command itself reports what is wrong, so log lines would only repeat it.
    logging.getLogger("config_app").setLevel(logging.CRITICAL)


def _abandon_output() -> None:
    """Discard the text in the buffer of standard output, and everything that is written there later."""
    # Otherwise Python would complain on exit that it cannot flush the output.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
