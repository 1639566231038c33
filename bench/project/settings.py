"""Django's settings for the benchmarks' project; the process environment controls them.

``BENCH_APPS`` names the applications to install in addition to Django's applications. ``BENCH_SETTINGS`` is
the number of settings that each configuration library gets. ``BENCH_FOLDER`` is the folder of the database
and the file cache. ``BENCH_DATABASE_URL`` names a database server to use instead of an SQLite file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hub.database.location import database_from_url

FOLDER = Path(os.environ["BENCH_FOLDER"])
EXTRA_APPS = [app for app in os.environ.get("BENCH_APPS", "").split(",") if app]

SECRET_KEY = "only for benchmarks, which listen on the loopback at most"  # noqa: S105
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
PORT = 8000

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "bench.project",
    *EXTRA_APPS,
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    *(["config_app.middleware.one_revision"] if "config_app" in EXTRA_APPS else []),
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "bench.project.urls"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# The hub opens its database with the same options, so that a commit costs the same everywhere.
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "bench.db",
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA synchronous=FULL;",
        },
    },
}
if url := os.environ.get("BENCH_DATABASE_URL"):
    DATABASES["default"] = database_from_url(url, FOLDER).entry
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# constance refuses a cache that only one process can see. Files are the fastest cache without a server.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "files": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": FOLDER / "cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    },
}

# By default, Django refuses forms with more than a thousand fields.
DATA_UPLOAD_MAX_NUMBER_FIELDS = None

STATIC_URL = "/static/"
USE_TZ = True

CONFIG_APP = {"PROJECT": "bench.project.project.BenchProject"}

if "constance" in EXTRA_APPS:
    from bench.project.schema import defaults
    from bench.project.size import COUNT

    CONSTANCE_BACKEND = "constance.backends.database.DatabaseBackend"
    CONSTANCE_CONFIG = {name: (default, "") for name, default in defaults(COUNT).items()}
