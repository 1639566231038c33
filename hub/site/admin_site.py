"""The admin site. People sign in and out on the hub's own pages."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

ORDER = {"config_app": 0, "hub": 1}


class HubAdminSite(AdminSite):
    """The hub's admin site."""

    site_header = "Hub"
    site_title = "Hub"
    index_title = "Administration"
    site_url = "/"

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect to the sign-in page. Raise ``PermissionDenied`` if a signed-in person is not staff."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        wanted = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")
        return redirect_to_login(wanted, reverse("login"))

    def logout(  # type: ignore[override]  # Django says that it renders a page
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Sign the person out with the hub's own ``SignOutView``."""
        from hub.site.sign_in import SignOutView  # needs models, which load after the admin site

        return SignOutView.as_view()(request)

    def password_change(  # type: ignore[override]  # Django says that it always renders a page
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Return the page on which people change their own password. A throttle limits the attempts."""
        from hub.site.sign_in import AdminPasswordView

        request.current_app = self.name
        context = {**self.each_context(request), **(extra_context or {})}
        return AdminPasswordView.as_view(extra_context=context)(request)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the list of apps. ``config_app`` comes first, then ``hub``, then all others by name."""
        apps = super().get_app_list(request, app_label)
        return sorted(apps, key=lambda app: ORDER.get(app["app_label"], len(ORDER)))
