"""Import Django and the engine once for many processes of projects without the hub.

Afterwards, no settings and no apps are set up: ``django.setup()`` in a fork does everything that it does in a
new process, except for importing what is imported already.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import pkgutil
import secrets
import threading
from typing import Any, cast
from unittest import mock

APPS = (
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "config_app",
)
"""The apps whose models are imported; each project that uses a fork must have all of them installed."""
READ_BY_MODELS = ("INSTALLED_APPS", "AUTH_USER_MODEL", "DEFAULT_AUTO_FIELD", "TABLE_PREFIX")
"""Settings that Django reads when it imports models. A project that sets one uses ``imported_django``."""
ALSO_USED = (
    "cryptography.hazmat.backends.openssl.backend",
    "django.contrib.admin.forms",
    "django.contrib.admin.views.main",
    "django.contrib.auth.admin",
    "django.contrib.auth.backends",
    "django.contrib.auth.forms",
    "django.contrib.auth.context_processors",
    "django.contrib.auth.middleware",
    "django.contrib.auth.views",
    "django.contrib.messages.middleware",
    "django.contrib.messages.storage.fallback",
    "django.contrib.sessions.backends.db",
    "django.contrib.sessions.middleware",
    "django.contrib.staticfiles",
    "django.core.handlers.wsgi",
    "django.core.management.commands.migrate",
    "django.core.management.commands.test",
    "django.db.backends.postgresql.base",
    "django.db.backends.sqlite3.base",
    "django.db.migrations.executor",
    "django.template.loader_tags",
    "django.test",
    "psycopg",
)
"""Modules that projects import only when they need them."""


def import_everything() -> None:
    """Import the models of all apps with settings of their own, and then forget these settings."""
    from django.apps import apps
    from django.conf import settings

    settings.configure(INSTALLED_APPS=APPS)
    with mock.patch.object(apps, "get_app_configs", return_value=()):  # so that no app gets ready
        apps.populate(settings.INSTALLED_APPS)
    for name in (*ALSO_USED, *_modules()):
        importlib.import_module(name)
    forget_settings()
    _forget_apps()
    gc.collect()
    gc.freeze()


def _modules() -> list[str]:
    package = importlib.import_module("config_app")
    return [module.name for module in pkgutil.walk_packages(package.__path__, "config_app.")]


def forget_settings() -> None:
    """Let the next use of a setting or of a database connection read the settings module again."""
    from django.conf import settings
    from django.db import connections
    from django.utils.functional import empty

    settings._wrapped = empty
    vars(connections).pop("settings", None)
    cast("Any", connections)._settings = None
    with contextlib.suppress(AttributeError):  # the attribute does not exist if it was not used yet
        del connections["default"]


def _forget_apps() -> None:
    """Let ``django.setup()`` begin again; imported models stay registered, because no import runs twice."""
    from django.apps import apps

    apps.app_configs = {}
    apps.apps_ready = apps.models_ready = apps.ready = apps.loading = False
    apps.ready_event = threading.Event()


def forget_the_environment() -> None:
    """Draw again what each process draws for itself; nothing has read the environment."""
    from config_app.propagation import receipts

    receipts._instance = secrets.token_hex(4) + receipts._PLACE
