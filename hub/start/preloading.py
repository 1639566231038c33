"""Import everything before the first request, so that a running hub never mixes two versions of its code.

If the code is replaced below a running hub, a module that is imported later comes from the new version. Its
names may not fit the modules of the old version, and then every page that needs it fails.
"""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.template import TemplateDoesNotExist, TemplateSyntaxError, engines
from django.urls import get_resolver
from django.utils.module_loading import import_string

from hub.database import migration
from hub.runtime_config import WORKOS, get_config

APPS = ("config_app", "setup_wizard", "hub")
ROOMS_OF_COMMANDS = {"management", "migrations", "testing", "cli"}
"""Packages that only commands need."""
OF_OTHER_SERVERS = ("hub.gunicorn", "hub.wsgi")
NEEDS_POSTGRESQL = (
    "hub.postgresql",
    "config_app.propagation.postgresql",
    "config_app.database.limited_queries",
)
NEEDS_WORKOS = ("hub.workos.remote.transport",)
"""The modules that import WorkOS's library, which takes a second and 20 MB."""


def load_everything() -> None:
    """Import all code that serves requests, and compile all templates.

    Leave out the modules for a database server or for WorkOS if this hub does not use them.
    """
    _ = get_resolver().url_patterns
    for name in _modules():
        importlib.import_module(name)
    for name in (settings.MESSAGE_STORAGE, settings.SESSION_SERIALIZER):
        import_string(name)
    compile_templates()
    migration.remember_code()


def _modules() -> Iterator[str]:
    unused = list(OF_OTHER_SERVERS)
    unused += NEEDS_POSTGRESQL if connection.vendor != "postgresql" else ()
    unused += NEEDS_WORKOS if get_config().app_mode != WORKOS else ()
    for app in APPS:
        for found in pkgutil.walk_packages(importlib.import_module(app).__path__, f"{app}."):
            is_of_commands = not ROOMS_OF_COMMANDS.isdisjoint(found.name.split("."))
            if not is_of_commands and not found.name.startswith(tuple(unused)):
                yield found.name


def compile_templates() -> None:
    """Put every template into the cache of Django's loader."""
    engine: Any = engines["django"]
    _ = engine.engine.template_context_processors  # imports them
    for loader in engine.engine.template_loaders:
        for folder in {Path(place) for each in loader.loaders for place in each.get_dirs()}:
            for file in folder.rglob("*.html"):
                # Django's admin has templates for features that the hub does not use.
                with contextlib.suppress(TemplateDoesNotExist, TemplateSyntaxError):
                    _compile(loader, file, str(file.relative_to(folder)))


def _compile(loader: Any, file: Path, name: str) -> None:
    found = loader.get_template(name)
    if Path(found.origin.name) != file:  # a template of this name extends this one
        loader.get_template(name, skip=[found.origin])
