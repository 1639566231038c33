"""The configuration of the Django app ``hub``."""

from __future__ import annotations

from django.apps import AppConfig


class HubConfig(AppConfig):
    """The app of the hub itself; the admin shows its models under People."""

    name = "hub"
    verbose_name = "People"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks, the reactions to changes and the signal handlers."""
        from config_app.store.process import process
        from hub.auth import proof  # noqa: F401 - importing connects its signal handler
        from hub.logs import level, sign_ins  # noqa: F401 - importing sign_ins connects its signal handlers
        from hub.site import checks
        from hub.start import claim_record
        from hub.start.secret_key import derived_keys
        from hub.workos.sessions import reactions  # noqa: F401 - importing registers its hooks

        checks.register_all()
        level.follow_configuration()
        claim_record.follow_configuration()
        process.keep(derived_keys)
