"""The Django app of the setup wizard."""

from __future__ import annotations

from django.apps import AppConfig


class SetupWizardConfig(AppConfig):
    """The app that claims an install."""

    name = "setup_wizard"
    verbose_name = "Setup"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the hook for configuration changes."""
        from setup_wizard.claiming import reopening  # noqa: F401 - the import registers the hook
