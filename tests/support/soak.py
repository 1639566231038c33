"""How often tests repeat something that fails only sometimes: more often in ``make soak``."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import cast

import pytest
from hypothesis import HealthCheck, settings

IS_SOAK = os.environ.get("SOAK") == "1"


def times(quick: int, full: int) -> int:
    """Return ``full`` in ``make soak`` and ``quick`` otherwise; mark tests that use this as ``repeats``."""
    return full if IS_SOAK else quick


def one_of(fixture: str, *values: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test with the first of the ``values`` of a fixture, and with each of them in ``make soak``."""
    chosen = pytest.mark.parametrize(fixture, values[: times(1, len(values))], indirect=True)
    return lambda test: pytest.mark.repeats(chosen(test))


def on_sqlite_first(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test of a module for both databases on SQLite, and in ``make soak`` on PostgreSQL too."""
    repeating: Callable[..., None] = pytest.mark.repeats(test)
    return repeating if IS_SOAK else cast("Callable[..., None]", pytest.mark.only_sqlite(repeating))


def choose_examples() -> None:
    """Let Hypothesis try all of its examples in ``make soak``, and a quarter otherwise."""
    assert settings.default is not None
    settings.register_profile(
        "tests",
        max_examples=times(25, settings.default.max_examples),
        # On a busy machine, an example may take any time.
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("tests")
