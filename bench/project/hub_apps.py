"""The hub's applications as any Django project would have them: an SQLite file and ``manage.py migrate``."""

from __future__ import annotations

import os
from pathlib import Path

from hub import sqlite
from hub.settings import *  # noqa: F403

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path(os.environ["BENCH_FOLDER"]) / "bench.db",
        "OPTIONS": sqlite.options(),
    },
}
