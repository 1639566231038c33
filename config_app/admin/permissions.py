"""Permission checks: who may see the configuration and its history, and who may change the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from config_app.change.rights import may_change_anything

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

VIEW = "config_app.view_systemconfig"
VIEW_HISTORY = "config_app.view_revision"


def may_change(request: HttpRequest) -> bool:
    """Return whether the visitor may change the configuration at all."""
    return may_change_anything(request.user)


def may_view(request: HttpRequest) -> bool:
    """Return whether the visitor may see the configuration. The pages mask the secrets."""
    return request.user.has_perm(VIEW) or may_change(request)


def may_view_history(request: HttpRequest) -> bool:
    """Return whether the visitor may see the history."""
    # The history also masks secrets, so the right to see the configuration is enough.
    return request.user.has_perm(VIEW_HISTORY) or may_view(request)


class WholeAdmin(ModelAdmin):
    """The base class of admin classes that do not let people add or delete single rows."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return ``False``: rows cannot be added."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return ``False``: rows cannot be deleted."""
        return False
