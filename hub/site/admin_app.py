"""Django's admin with the hub's own site."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import autodiscover
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


class HubAdminConfig(SimpleAdminConfig):
    """The admin, signed in to through the hub's own pages.

    Its modules are loaded with the URLs and for checks: most commands serve no page and start faster so.
    """

    default_site = "hub.site.admin_site.HubAdminSite"

    def ready(self) -> None:
        """Register what Django's own class does, with a check that finds the modules first."""
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(check_admin, checks.Tags.admin)


def check_admin(app_configs: Any, **options: Any) -> list[checks.CheckMessage]:
    """Check what is registered with the admin."""
    autodiscover()
    return check_admin_app(app_configs, **options)
