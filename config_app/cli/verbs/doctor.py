"""``config doctor``: examine an install, then print what was found and how to fix each problem."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from config_app.cli.terminal import Terminal
from config_app.cli.verb import Verb, add_json_option
from config_app.doctor.examination import Examination, examine
from config_app.doctor.finding import ERROR, WARNING, Fact
from config_app.errors import ConfigError
from config_app.problems import Problem

STATUS_WIDTH = 9
EXIT_STATUS = "Exit status 0: there is no error, but there may be warnings; 1: there is at least one error."


class Doctor(Verb):
    """Examines an install in any state, and changes nothing."""

    needs_install = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--json``."""
        parser.epilog = EXIT_STATUS
        add_json_option(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Print the result of each check; raise ``ConfigError`` if at least one check found an error."""
        report = examine()
        if options.as_json:
            terminal.json(_as_json(report))
        else:
            _show(report, terminal)
        if not report.healthy:
            count = report.count(ERROR)
            message = "one check found an error" if count == 1 else f"{count} checks found errors"
            raise ConfigError(message, fix="the output says how to fix each error")


def _as_json(report: Examination) -> dict[str, object]:
    facts = [fact.as_json() for fact in report.facts]
    return {"healthy": report.healthy, "complete": report.complete, "facts": facts}


def _show(report: Examination, terminal: Terminal) -> None:
    """Print the result of each check, then a summary."""
    width = max(len(fact.name) for fact in report.facts) + 2
    for fact in report.facts:
        for line in _lines(fact, width):
            terminal.line(line)
    terminal.line()
    terminal.line(str(report))
    if not report.complete:
        terminal.line("the database cannot be read, so its contents were not examined")


def _lines(fact: Fact, width: int) -> Iterator[str]:
    """Yield the lines of ``fact``: first the finding, then one line for each problem.

    The first line starts with the status and the name of the fact. If there is no finding, the first line
    shows the first problem.
    """
    found = [fact.finding] if fact.finding else [str(problem) for problem in fact.problems[:1]]
    others = fact.problems if fact.finding else fact.problems[1:]
    start = f"{fact.status:<{STATUS_WIDTH}}{fact.name.replace('_', ' '):<{width}}"
    for line in (*found, *map(_line, others)):
        yield f"{start}{line}"
        start = " " * len(start)


def _line(problem: Problem) -> str:
    """Return one line with the severity of the problem, what is wrong and the fix."""
    return f"{ERROR if problem.severity == ERROR else WARNING}: {problem}"
