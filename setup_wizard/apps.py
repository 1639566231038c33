"""The Django app of the setup wizard."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DEFAULT_DB_ALIAS


class SetupWizardConfig(AppConfig):
    """The app that claims an install."""

    name = "setup_wizard"
    verbose_name = "Setup"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the check, and the hook for configuration changes."""
        from setup_wizard.claiming import reopening  # noqa: F401 - the import registers the hook

        register(_check_database, Tags.compatibility)


def _check_database(**_options: object) -> list[CheckMessage]:
    """Return a list with an error if the configuration is not in the database ``default``.

    A claim must change the configuration, the accounts and the wizard's tables in one transaction.
    """
    from config_app.database.options import option

    if option("DATABASE", DEFAULT_DB_ALIAS) == DEFAULT_DB_ALIAS:
        return []
    return [
        Error(
            "the setup wizard needs the configuration in the database 'default', because a claim changes the "
            "configuration, the accounts and the wizard's tables in one transaction",
            hint='remove "DATABASE" from CONFIG_APP, or setup_wizard from INSTALLED_APPS',
            id="setup_wizard.E001",
        )
    ]
