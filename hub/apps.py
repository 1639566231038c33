"""The Django app."""

from __future__ import annotations

from django.apps import AppConfig


class HubConfig(AppConfig):
    """The product."""

    name = "hub"
    verbose_name = "People"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Follow the configuration where Django reads a setting only once."""
        from hub.auth import proof  # noqa: F401 - importing connects it to sign-ins
        from hub.logs import level
        from hub.site import checks
        from hub.workos.sessions import reactions  # noqa: F401 - importing registers them

        checks.register_all()
        level.follow_configuration()
