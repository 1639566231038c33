"""The app for Django."""

from __future__ import annotations

from django.apps import AppConfig


class ShopAppConfig(AppConfig):
    """The shop."""

    name = "shop"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the hooks."""
        from shop import bank  # noqa: F401
