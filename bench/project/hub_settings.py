"""The hub's own Django settings, plus an app that has the command ``nothing``."""

from __future__ import annotations

from hub.settings import *  # noqa: F403
from hub.settings import INSTALLED_APPS as HUB_APPS

INSTALLED_APPS = [*HUB_APPS, "bench.project"]
