"""Describe the machine on which the benchmarks run, without anything that identifies the machine."""

from __future__ import annotations

import os
import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("Django", "django-constance", "django-dynamic-preferences", "gunicorn", "uvicorn", "psycopg")


def facts() -> dict[str, str]:
    """Return a dict from names to texts about the machine and the installed versions."""
    return {
        "CPUs": str(len(os.sched_getaffinity(0))),
        "Architecture": f"{platform.machine()}, {platform.system()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "SQLite": sqlite3.sqlite_version,
        **{name: found for name in PACKAGES if (found := _version(name))},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
