"""Runs all checks of config_app and of the project, even if some of the checks fail."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Callable, Iterator

from config_app.doctor import configuration, database, keyring, processes
from config_app.doctor.finding import ERROR, WARNING, Fact
from config_app.errors import ConfigError
from config_app.presentation.overview import Overview, read_overview
from config_app.problems import Check, Finding, Problem
from config_app.project import get_project
from config_app.store.failures import database_errors

logger = logging.getLogger("config_app")


@dataclasses.dataclass(frozen=True, slots=True)
class Examination:
    """The results of all checks, in the order of the checks.

    ``complete`` is ``False`` if the database could not be read. Then most checks did not run.
    """

    facts: tuple[Fact, ...]
    complete: bool

    @property
    def healthy(self) -> bool:
        """Return whether no check found an error; warnings are allowed."""
        return self.count(ERROR) == 0

    def count(self, status: str) -> int:
        """Return how many facts have this status."""
        return sum(fact.status == status for fact in self.facts)

    def __str__(self) -> str:
        """Return a summary such as ``21 facts: 19 ok, 1 warning, 1 error``."""
        total, warnings, errors = len(self.facts), self.count(WARNING), self.count(ERROR)
        parts = [f"{total - warnings - errors} ok"]
        parts += [_counted(warnings, "warning")] if warnings else []
        parts += [_counted(errors, "error")] if errors else []
        return f"{_counted(total, 'fact')}: {', '.join(parts)}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def examine() -> Examination:
    """Run the checks. If the database cannot be read, run only the checks that need no database."""
    surroundings = [_examined(look.__name__, look) for look in get_project().facts_without_database()]
    overview, diagnosis = _read()
    if overview is None:
        return Examination((*surroundings, diagnosis), complete=False)
    return Examination((*surroundings, *_facts(overview)), complete=True)


def _facts(overview: Overview) -> Iterator[Fact]:
    """Yield the facts of config_app, starting with the database, and then the facts of the project."""
    of_project = [_fact(check, overview) for check in get_project().facts()]
    # A check of the project may report a finding in more detail. The doctor lists each problem once.
    reported = {problem for fact in of_project for problem in fact.problems}
    for check in (*database.checks(), *keyring.CHECKS, *configuration.CHECKS):
        yield _fact(check, overview)
    others = functools.partial(configuration.project, overview, reported)
    yield _examined(configuration.project.__name__, others)
    yield _fact(processes.processes, overview)
    yield from of_project


def _fact(check: Check, overview: Overview) -> Fact:
    return _examined(check.__name__, functools.partial(check, overview))


def _read() -> tuple[Overview | None, Fact]:
    """Read the overview of the configuration. Return this overview and a fact about the database.

    If the database cannot be read, return ``None`` as the overview, and a fact that reports the error.
    """
    found: list[Overview] = []

    def read() -> Finding:
        if (lacking := get_project().lacking()) is not None:
            return Finding("", (dataclasses.replace(lacking, severity=ERROR),))
        found.append(read_overview())
        return Finding("")

    fact = _examined(database.database.__name__, read)
    return (found[0] if found else None), fact


def _examined(name: str, look: Callable[[], Finding]) -> Fact:
    """Call the check ``look``, and return the result as a fact with this name.

    If ``look`` raises an exception, the fact reports an error.
    """
    try:
        with database_errors():
            finding = look()
    except ConfigError as error:
        problem = Problem(
            code="failed", message=error.message, fix=error.fix or "", keys=error.keys, severity=ERROR
        )
        return Fact(name=name, finding="", problems=(problem,))
    except Exception as error:  # a damaged table must not stop the other checks
        logger.exception("%s cannot be examined", name)
        message = f"cannot be examined: {type(error).__name__}, perhaps because a table is damaged"
        return Fact(name=name, finding="", problems=(_unexamined(message),))
    return Fact(name=name, finding=finding.text, problems=finding.problems)


def _unexamined(message: str) -> Problem:
    fix = "restore the database from a backup"
    return Problem(code="not_examined", message=message, fix=fix, severity=ERROR)
