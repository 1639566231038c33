"""The Django app configuration."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.signals import request_started
from django.db.models.signals import post_migrate

MIDDLEWARE = "config_app.middleware.one_revision"
WATCH = "config_app.watch"
"""Identifies the receiver of the signal ``request_started``."""


class ConfigAppConfig(AppConfig):
    """The Django app ``config_app``."""

    name = "config_app"
    verbose_name = "Configuration"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks, the router, and the functions that install triggers and start the watcher."""
        from config_app import checks  # noqa: F401 - their import registers the checks
        from config_app.database import checks as _checks  # noqa: F401
        from config_app.database.routing import add_router
        from config_app.problems import complete_commands_with
        from config_app.store import triggers
        from config_app.store.process import process

        complete_commands_with(_command_prefix)
        add_router()
        post_migrate.connect(_check_tables, sender=self, dispatch_uid="config_app.database.completeness")
        post_migrate.connect(triggers.install, sender=self, dispatch_uid="config_app.store.triggers")
        post_migrate.connect(_forget, sender=self, dispatch_uid="config_app.forget")
        if MIDDLEWARE not in settings.MIDDLEWARE:  # the middleware does the same, and takes less time
            request_started.connect(_keep_server_current, dispatch_uid=WATCH)
        process.before_unwatched_reads(_keep_current)
        process.after_first_load(_start_for_hooks)


# The functions below import what they need when they run: most commands need none of it.


def _command_prefix() -> str:
    """Return what the project writes instead of ``manage.py``; an empty text if there is no valid project."""
    from config_app.project import NotConfigured, get_project

    try:
        return get_project().command_prefix()
    except NotConfigured:  # a message about this mistake must not fail itself
        return ""


def _check_tables(**signal: Any) -> None:
    """Raise ``TablesMissing`` if a table or column of this app is missing after ``migrate``."""
    from config_app.database.completeness import check_tables

    check_tables(**signal)


def _start_for_hooks() -> None:
    """Start a watcher as soon as this process has hooks.

    This function is called after the process has loaded the configuration for the first time.
    """
    from config_app.propagation import watching

    watching.start_for_hooks()


def _keep_current() -> None:
    """Keep the configuration of this process current: start a watcher, or check the database.

    While no watcher works in this process, this function is called now and then before a read.
    """
    from config_app.propagation import watching

    watching.keep_current()


def _keep_server_current(**_signal: Any) -> None:
    """Start a watcher in a process that serves requests. Django calls this function at the first request."""
    from config_app.propagation import watching

    # From now on, the signal calls the function itself, because an import takes a while in each request.
    request_started.disconnect(dispatch_uid=WATCH)
    request_started.connect(watching.keep_server_current, dispatch_uid=WATCH)
    watching.keep_server_current()


def _forget(**_signal: Any) -> None:
    """Forget what this process has read, because a migration or a flush has changed the tables."""
    from config_app.store.process import process

    process.reset()
