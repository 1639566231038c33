"""The project class that config_app needs. The project has settings, but no secrets."""

from __future__ import annotations

from bench.project.schema import make_schema
from bench.project.size import COUNT
from config_app.project import Project


class BenchProject(Project):
    """A project with ``COUNT`` settings."""

    schema = make_schema(COUNT)
