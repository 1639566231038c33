"""Rules: functions of a project that say whether the values of a configuration fit together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from config_app.errors import FaultyRule, RuleViolation

C = TypeVar("C")
Rule = Callable[[C], Iterable[RuleViolation]]


def violations_of(rule: Rule[C], config: C) -> list[RuleViolation]:
    """Return the violations that ``rule`` finds in ``config``.

    If the rule fails, return a ``FaultyRule``. A rule fails if it raises an exception that is not a
    ``RuleViolation``, or if it returns something that is not a violation. A ``FaultyRule`` contains the type
    and the line of the exception, but not the text of the exception, because this text could contain a
    secret.
    """
    # Rules run at every load. Without this, a mistake in one rule would make every load fail.
    try:
        found: list[Any] = list(rule(config))
    except RuleViolation as violation:  # the rule raised the violation instead of yielding it
        return [violation]
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a rule is foreign code
        return [FaultyRule(_name(rule), f"failed: {type(error).__name__}{_place(error.__traceback__)}")]
    if all(isinstance(violation, RuleViolation) for violation in found):
        return found
    return [FaultyRule(_name(rule), "returned something other than violations")]


def _name(rule: Rule[Any]) -> str:
    return f"{rule.__module__}.{getattr(rule, '__qualname__', type(rule).__name__)}"


def _place(trace: TracebackType | None) -> str:
    """Return a text such as `` in rules.py, line 12`` for the line that raised an exception.

    Return an empty text if there is no traceback.
    """
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f" in {Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}" if trace else ""
