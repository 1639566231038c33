"""The hub's own settings, with processes that tell what is in force."""

from __future__ import annotations

from hub.settings import *  # noqa: F403 - these settings are the hub's and one more
from hub.settings import INSTALLED_APPS as HUB_APPS

INSTALLED_APPS = [*HUB_APPS, "bench.project.reporting.ReportingConfig"]
