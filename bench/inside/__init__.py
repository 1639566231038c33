"""What runs inside a Django project: each module prepares it and gives a function that measures one round."""

from __future__ import annotations

from collections.abc import Callable

Round = Callable[[], dict[str, float]]
"""Measures everything once and returns seconds, or another amount, by name."""
