"""How often tests repeat what fails only now and then: fully in ``make soak``, less in ``make test``."""

from __future__ import annotations

import os

from hypothesis import settings

IS_SOAK = os.environ.get("SOAK") == "1"


def times(quick: int, full: int) -> int:
    """Return ``full`` in ``make soak`` and ``quick`` otherwise; a test that asks is marked ``repeats``."""
    return full if IS_SOAK else quick


def choose_examples() -> None:
    """Let Hypothesis try a quarter of its examples, unless they are wanted in full."""
    assert settings.default is not None
    settings.register_profile("tests", max_examples=times(25, settings.default.max_examples))
    settings.load_profile("tests")
