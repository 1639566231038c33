"""One examination: every fact looked at, whatever is found, and those of the project among them."""

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
    """The facts, in the order in which they were looked at.

    ``complete`` is false where the database cannot be read: then nobody looked at what is in it.
    """

    facts: tuple[Fact, ...]
    complete: bool

    @property
    def healthy(self) -> bool:
        """Tell whether no fact is an error; some may be warnings."""
        return self.count(ERROR) == 0

    def count(self, status: str) -> int:
        """Return how many facts have a status."""
        return sum(fact.status == status for fact in self.facts)

    def __str__(self) -> str:
        """Return ``21 facts: 19 ok, 1 warning, 1 error``."""
        total, warnings, errors = len(self.facts), self.count(WARNING), self.count(ERROR)
        parts = [f"{total - warnings - errors} ok"]
        parts += [_counted(warnings, "warning")] if warnings else []
        parts += [_counted(errors, "error")] if errors else []
        return f"{_counted(total, 'fact')}: {', '.join(parts)}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def examine() -> Examination:
    """Look at every fact; where the database cannot be read, at those that need none."""
    surroundings = [_examined(look.__name__, look) for look in get_project().facts_without_database()]
    overview, diagnosis = _read()
    if overview is None:
        return Examination((*surroundings, diagnosis), complete=False)
    return Examination((*surroundings, *_facts(overview)), complete=True)


def _facts(overview: Overview) -> Iterator[Fact]:
    for check in _checks():
        yield _examined(check.__name__, functools.partial(check, overview))


def _checks() -> Iterator[Check]:
    """Yield the checks of the engine, which go from the database upwards, and then those of the project."""
    yield from database.checks()
    yield from keyring.CHECKS
    yield from configuration.CHECKS
    yield processes.processes
    yield from get_project().facts()


def _read() -> tuple[Overview | None, Fact]:
    """Return the whole configuration, or ``None`` with the diagnosis that keeps it from being read."""
    found: list[Overview] = []

    def read() -> Finding:
        if (lacking := get_project().lacking()) is not None:
            return Finding("", (dataclasses.replace(lacking, severity=ERROR),))
        found.append(read_overview())
        return Finding("")

    fact = _examined(database.database.__name__, read)
    return (found[0] if found else None), fact


def _examined(name: str, look: Callable[[], Finding]) -> Fact:
    """Return what ``look`` finds; whatever keeps it from looking is the finding."""
    try:
        with database_errors():
            finding = look()
    except ConfigError as error:
        problem = Problem(
            code="failed", message=error.message, fix=error.fix or "", keys=error.keys, severity=ERROR
        )
        return Fact(name=name, finding="", problems=(problem,))
    except Exception as error:  # rubbish in a table must not keep anybody from hearing of the rest
        logger.exception("%s cannot be examined", name)
        message = f"cannot be examined: {type(error).__name__}, as where somebody damaged a table"
        return Fact(name=name, finding="", problems=(_unexamined(message),))
    return Fact(name=name, finding=finding.text, problems=finding.problems)


def _unexamined(message: str) -> Problem:
    return Problem(code="not_examined", message=message, fix="restore it from a backup", severity=ERROR)
