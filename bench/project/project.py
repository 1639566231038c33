"""What config_app asks of a project that has settings and no secrets."""

from __future__ import annotations

from bench.project.schema import make_schema
from bench.project.size import COUNT
from config_app.project import Project


class BenchProject(Project):
    """The settings of the benchmarks."""

    schema = make_schema(COUNT)
