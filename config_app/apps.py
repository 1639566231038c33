"""The Django app configuration."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.core.signals import request_started
from django.db.models.signals import post_migrate


class ConfigAppConfig(AppConfig):
    """The Django app ``config_app``."""

    name = "config_app"
    verbose_name = "Configuration"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks; connect the triggers to migrations and the watcher to the first request."""
        from config_app import checks  # noqa: F401 - its import registers the checks
        from config_app.store import triggers

        post_migrate.connect(triggers.install, sender=self, dispatch_uid="config_app.store.triggers")
        request_started.connect(_watch_from_now_on, dispatch_uid="config_app.watch")


def _watch_from_now_on(**_signal: Any) -> None:
    """Start the watcher; called at the first request, so only in processes that serve requests."""
    from config_app.propagation import watcher

    request_started.disconnect(dispatch_uid="config_app.watch")
    watcher.start()
