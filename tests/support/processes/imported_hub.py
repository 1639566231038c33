"""Import the hub once for many processes; a fork then equals a process that has just imported the hub.

Importing the hub takes most of a short command's time. Few modules read the process environment on import;
a fork forgets what they have read and reads its own environment instead, as a new process does.
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

from tests.support.processes.imported_engine import forget_settings

NOWHERE = "/proc/nowhere"
"""A folder that cannot be created, even by root; used by the process that only imports."""
SETTINGS = "hub.settings"
APPS = ("config_app", "setup_wizard", "hub")
ALSO_USED = (
    "cryptography.hazmat.backends.openssl.backend",
    "cryptography.hazmat.primitives.hpke",
    "cryptography.hazmat.primitives.kdf.hkdf",
    "django.contrib.sessions.backends.db",
    "django.core.asgi",
    "django.core.handlers.asgi",
    "django.core.management.commands.migrate",
    "django.core.management.commands.shell",
    "django.db.backends.postgresql.base",
    "django.db.backends.sqlite3.base",
    "django.db.migrations.autodetector",
    "django.db.migrations.executor",
    "django.template.loader_tags",
    "encodings.idna",
    "gunicorn.app.wsgiapp",
    "gunicorn.arbiter",
    "gunicorn.glogging",
    "gunicorn.workers.base",
    "httpcore2",
    "psycopg",
    "rich.console",
    "rich.table",
    "rich.text",
    "uvicorn.lifespan.off",
    "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.h11_impl",
    "uvicorn_worker",
    "workos",
)
"""Modules that the hub imports only when it needs them."""
READ_THE_ENVIRONMENT = (SETTINGS, "hub.start.secret_key")
"""Modules that a fork imports again, because they read the environment or draw random numbers."""
OF_ONE_MASTER = (
    "hub.asgi",
    "hub.gunicorn",
    "hub.serving.gunicorn_worker",
    "hub.serving.process_hooks",
    "hub.serving.uvicorn_server",
    "hub.serving.worker_generations",
    "hub.wsgi",
)
"""Modules that are not imported in advance: their objects belong to one master and its workers."""

QUICK_HASHES = ["tests.support.processes.quick_hashes.QuickHasher"]

_defaults: dict[str, Any] = {}


def import_everything() -> None:
    """Import the hub with an instance that does not exist."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": SETTINGS,
        "HUB_DATA_DIR": f"{NOWHERE}/data",
        "HUB_ENV_FILE": f"{NOWHERE}/.env",
    }
    import django

    django.setup()
    for name in (*ALSO_USED, *(path.rpartition(".")[0] for path in QUICK_HASHES), *_modules()):
        importlib.import_module(name)
    _prepare_to_serve()
    _build_statements()
    assert not sys.modules.keys() & set(OF_ONE_MASTER)
    _remember_defaults()
    gc.collect()
    gc.freeze()


def _modules() -> list[str]:
    from django.apps import apps

    found: list[str] = []
    for name in (*APPS, *(f"{app.name}.migrations" for app in apps.get_app_configs())):
        with contextlib.suppress(ModuleNotFoundError):  # an app without migrations
            package = importlib.import_module(name)
            found += [module.name for module in pkgutil.walk_packages(package.__path__, f"{name}.")]
    return [name for name in found if name not in (*OF_ONE_MASTER, *READ_THE_ENVIRONMENT)]


def _prepare_to_serve() -> None:
    """Do what a served hub does once: find static files, import the middleware, compile templates."""
    from django.conf import settings
    from django.core.validators import validate_email
    from django.http import HttpResponse
    from django.utils.module_loading import import_string

    from hub.middleware.static import StaticFilesMiddleware
    from hub.start import preloading
    from tests.support import static_files

    static_files.find_once()
    StaticFilesMiddleware(HttpResponse)  # type: ignore[no-untyped-call]  # whitenoise has no types
    for path in settings.MIDDLEWARE:
        import_string(path)
    validate_email("owner@example.com")
    preloading.compile_templates()


def _build_statements() -> None:
    """Do what each process does once for its database: build statements, and the model of the migrations."""
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    from tests.support.databases import built_once

    built_once.build("default")
    MigrationRecorder(connection).migration_qs.all()  # the first use creates the model


def _remember_defaults() -> None:
    """Store the settings that apps add on import, such as the defaults of django-axes."""
    from django.conf import global_settings, settings

    ours, holder = importlib.import_module(SETTINGS), cast("Any", settings)
    added = set(vars(holder._wrapped)) - set(vars(ours)) - set(vars(global_settings))
    _defaults.update((name, getattr(settings, name)) for name in added if name.isupper())


def forget_the_environment() -> None:
    """Forget the environment in this fork; the next use of a setting reads it again."""
    from django.conf import LazySettings, settings

    from config_app.propagation import receipts
    from tests.support.databases import built_once

    engine = settings.DATABASES["default"]["ENGINE"]
    holders: Any = LazySettings
    set_up = holders._setup

    def set_up_with_defaults(holder: Any, name: str | None = None) -> None:
        set_up(holder, name)
        for key in _defaults.keys() - set(dir(holder._wrapped)):
            setattr(holder._wrapped, key, _defaults[key])
        holder._wrapped.PASSWORD_HASHERS = QUICK_HASHES
        if holder._wrapped.DATABASES.get("default", {}).get("ENGINE") != engine:
            built_once.forget()

    holders._setup = set_up_with_defaults
    for name in READ_THE_ENVIRONMENT:
        del sys.modules[name]
    forget_settings()
    receipts._instance = secrets.token_hex(4) + receipts._PLACE
