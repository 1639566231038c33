"""Load a revision in which every setting has a row in the table."""

from __future__ import annotations

from bench.inside import Round
from bench.inside.cost import seconds
from bench.project.schema import texts
from bench.project.size import COUNT
from config_app import api


def prepare() -> Round:
    """Store a value for every setting, and return a function that loads all values."""
    api.plan(texts(COUNT)).apply(actor="bench")

    return lambda: {"load": seconds(api.reload_config)}
