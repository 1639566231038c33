"""The Django app."""

from __future__ import annotations

from django.apps import AppConfig


class SetupWizardConfig(AppConfig):
    """Claiming an install."""

    name = "setup_wizard"
    verbose_name = "Setup"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Follow the configuration."""
        from setup_wizard.claiming import reopening  # noqa: F401 - importing registers them
