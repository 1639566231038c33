"""Describe the machine on which the benchmarks run, without anything that identifies the machine."""

from __future__ import annotations

import os
import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("Django", "django-constance", "django-dynamic-preferences", "gunicorn", "uvicorn", "psycopg")


def facts() -> dict[str, str]:
    """Return facts about the machine, and the versions of the installed packages.

    The dict maps the name of each fact or package to a text.
    """
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
