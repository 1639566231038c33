"""Settings to run ``migrate`` without the hub's bootstrap: the hub's applications and an SQLite file."""

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
