"""The hub, imported once for many processes: a fork of this one is like a process that has just imported it.

Importing the hub takes most of a short command's time. Importing reads the process environment in a few
places only; a fork forgets those, so that it reads its own environment, as any process does at its start.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pkgutil
import secrets
import sys
from typing import Any, cast

NOWHERE = "/proc/nowhere"
"""The instance of the process that only imports; nobody, not even root, can make it there."""
SETTINGS = "hub.settings"
APPS = ("config_app", "setup_wizard", "hub")
ALSO_USED = (
    "django.contrib.sessions.backends.db",
    "django.core.handlers.asgi",
    "django.core.management.commands.shell",
    "django.db.backends.postgresql.base",
    "django.db.backends.sqlite3.base",
    "django.db.migrations.executor",
    "django.template.loader_tags",
    "gunicorn.app.wsgiapp",
    "gunicorn.arbiter",
    "gunicorn.workers.base",
    "psycopg",
    "uvicorn.lifespan.off",
    "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.h11_impl",
    "uvicorn_worker",
    "workos",
)
"""What the hub's modules import only once they need it."""
READ_THE_ENVIRONMENT = (SETTINGS, "hub.start.secret_key")
"""A fork imports these again: what they read, or draw, is of one process and its children."""
OF_ONE_MASTER = (
    "hub.asgi",
    "hub.gunicorn",
    "hub.serving.gunicorn_worker",
    "hub.serving.process_hooks",
    "hub.serving.uvicorn_server",
    "hub.serving.worker_generations",
    "hub.wsgi",
)
"""Not imported beforehand: they make what a master shares with its workers, or what serves with settings."""

QUICK_HASHES = ["tests.support.processes.quick_hashes.QuickHasher"]

_defaults: dict[str, Any] = {}


def import_everything() -> None:
    """Import the hub, with settings that name no instance."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": SETTINGS,
        "HUB_DATA_DIR": f"{NOWHERE}/data",
        "HUB_ENV_FILE": f"{NOWHERE}/.env",
    }
    import django

    django.setup()
    for name in (*ALSO_USED, *(path.rpartition(".")[0] for path in QUICK_HASHES), *_modules()):
        importlib.import_module(name)
    assert not sys.modules.keys() & set(OF_ONE_MASTER)
    _remember_defaults()
    gc.collect()
    gc.freeze()


def _modules() -> list[str]:
    found: list[str] = []
    for app in APPS:
        package = importlib.import_module(app)
        found += [module.name for module in pkgutil.walk_packages(package.__path__, f"{app}.")]
    return [name for name in found if name not in (*OF_ONE_MASTER, *READ_THE_ENVIRONMENT)]


def _remember_defaults() -> None:
    """Remember the settings that apps add as they are imported: django-axes its defaults."""
    from django.conf import global_settings, settings

    ours, holder = importlib.import_module(SETTINGS), cast("Any", settings)
    added = set(vars(holder._wrapped)) - set(vars(ours)) - set(vars(global_settings))
    _defaults.update((name, getattr(settings, name)) for name in added if name.isupper())


def forget_the_environment() -> None:
    """Let this fork read its environment at the next use of a setting, and be a process of its own."""
    from django.conf import LazySettings, settings
    from django.db import connections
    from django.utils.functional import empty

    from config_app.propagation import receipts

    holders: Any = LazySettings
    set_up = holders._setup

    def set_up_with_defaults(holder: Any, name: str | None = None) -> None:
        set_up(holder, name)
        for key in _defaults.keys() - set(dir(holder._wrapped)):
            setattr(holder._wrapped, key, _defaults[key])
        holder._wrapped.PASSWORD_HASHERS = QUICK_HASHES

    holders._setup = set_up_with_defaults
    for name in READ_THE_ENVIRONMENT:
        del sys.modules[name]
    settings._wrapped = empty
    vars(connections).pop("settings", None)
    cast("Any", connections)._settings = None
    with contextlib.suppress(AttributeError):  # none was asked for yet
        del connections["default"]
    receipts._instance = secrets.token_hex(4)
