"""The app configuration that makes Django's admin use the hub's own admin site."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import autodiscover
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


class HubAdminConfig(SimpleAdminConfig):
    """The app configuration of Django's admin, with the hub's own admin site.

    The apps' admin modules are loaded only when Django loads the URLs or runs checks. Most commands need
    neither URLs nor checks, so these commands start faster.
    """

    default_site = "hub.site.admin_site.HubAdminSite"

    def ready(self) -> None:
        """Register two system checks: Django's ``check_dependencies`` and the hub's ``check_admin``."""
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(check_admin, checks.Tags.admin)


def check_admin(app_configs: Any, **options: Any) -> list[checks.CheckMessage]:
    """Load the admin modules and return the messages of Django's admin checks."""
    autodiscover()
    return check_admin_app(app_configs, **options)
