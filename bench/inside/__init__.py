"""The parts of the benchmarks that run inside a Django project.

Each module has a function ``prepare``. This function prepares the project and returns a ``Round``.
"""

from __future__ import annotations

from collections.abc import Callable

Round = Callable[[], dict[str, float]]
"""A function that runs every action of the module, and returns a dict that maps names to measured values."""
