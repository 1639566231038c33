"""Import what reads no settings of Django and the engine once, for projects with any settings.

The rest, above all every model, is imported by each fork. So a project may install other apps, and may set
what models read when they are imported.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from tests.support.processes.imported_engine import ALSO_USED


def import_everything() -> None:
    """Import each module that can be imported without settings."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    for name in (*ALSO_USED, *_modules()):
        with contextlib.suppress(ImproperlyConfigured):  # a module that reads a setting
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _modules() -> list[str]:
    """Return the engine's modules; a walk of its packages would import those that cannot be imported yet."""
    root = Path(*importlib.import_module("config_app").__path__)
    files = [path.relative_to(root.parent).with_suffix("") for path in sorted(root.rglob("*.py"))]
    return [".".join(file.parts).removesuffix(".__init__") for file in files]


def forget_the_environment() -> None:
    """Forget our package ``tests``; a project may have another one. Nothing has read the environment."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]
