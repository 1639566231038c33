"""The hub's own Django settings, plus the app that sends new values to a benchmark."""

from __future__ import annotations

from hub.settings import *  # noqa: F403 - the hub's settings, with one more app
from hub.settings import INSTALLED_APPS as HUB_APPS

INSTALLED_APPS = [*HUB_APPS, "bench.project.reporting.ReportingConfig"]
