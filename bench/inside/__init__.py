"""The parts that run inside a Django project.

Each module has a function ``prepare``. It prepares the project and returns a function that measures a round.
"""

from __future__ import annotations

from collections.abc import Callable

Round = Callable[[], dict[str, float]]
"""A function that measures everything once, and returns the seconds (or another amount) by name."""
