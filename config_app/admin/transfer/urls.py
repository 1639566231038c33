"""The URLs of export and import: who may call which view, and with which HTTP method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from config_app.admin.permissions import WholeAdmin, may_change, may_view
from config_app.admin.transfer import views

TRANSFER = "config_app_systemconfig_transfer"
View = Callable[[HttpRequest, dict[str, Any]], HttpResponse]


def transfer_urls(admin: WholeAdmin) -> list[URLPattern]:
    """Return the URL patterns of export and import, for the admin of the configuration."""
    page = _view(admin, views.show, may_view)
    download = _view(admin, views.download, may_view)
    review = _view(admin, views.review, may_change)
    apply = _view(admin, views.apply, may_change)
    return [
        path("transfer/", require_safe(page), name=TRANSFER),
        path("transfer/export/", require_POST(download), name=f"{TRANSFER}_export"),
        path("transfer/review/", require_POST(review), name=f"{TRANSFER}_review"),
        path("transfer/import/", require_POST(apply), name=f"{TRANSFER}_import"),
    ]


def _view(admin: WholeAdmin, view: View, permission: Callable[[HttpRequest], bool]) -> Any:
    @sensitive_post_parameters()
    def checked(request: HttpRequest) -> HttpResponse:
        if not permission(request):
            raise PermissionDenied
        request.current_app = admin.admin_site.name
        return view(request, {**admin.admin_site.each_context(request), "opts": admin.opts})

    return admin.admin_site.admin_view(checked)
