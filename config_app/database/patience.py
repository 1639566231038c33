"""How long a query waits for a database server that sends nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Protocol

LONGEST_OF_PROJECT = 300.0
"""The shortest time limit of a query in a block of ``runs_project_code``, in seconds."""

_runs_project_code: ContextVar[bool] = ContextVar("config_app_runs_project_code", default=False)


class Patience(Protocol):
    """Decides how long the queries of one connection wait. A connection has one query at a time."""

    def reason_to_give_up(self, silence: float) -> str:
        """Return why the query should be given up. Return an empty text if the query should wait.

        ``silence`` is the number of seconds for which the server has sent nothing.
        """

    def end(self) -> None:
        """Note that a query has ended for which ``reason_to_give_up`` was called."""


class FixedPatience:
    """Gives a query up after a fixed number of seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def reason_to_give_up(self, silence: float) -> str:
        """Return a reason if the server has been silent for too long."""
        longest = max(self._seconds, LONGEST_OF_PROJECT) if _runs_project_code.get() else self._seconds
        return describe_silence(longest) if silence >= longest else ""

    def end(self) -> None:
        """Do nothing."""


def describe_silence(seconds: float) -> str:
    """Return a text that says that the server has been silent for ``seconds``."""
    return f"the database server has not answered a query for {seconds:g} seconds"


@contextlib.contextmanager
def runs_project_code() -> Iterator[None]:
    """Within this block, raise a shorter ``FixedPatience`` to ``LONGEST_OF_PROJECT`` seconds."""
    token = _runs_project_code.set(True)
    try:
        yield
    finally:
        _runs_project_code.reset(token)
