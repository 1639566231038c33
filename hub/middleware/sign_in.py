"""The middleware that requires a sign-in for every view that is not marked with ``login_not_required``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import add_never_cache_headers


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Django's ``LoginRequiredMiddleware``. If a view is open to everyone, this class reads no session."""

    async_capable = False

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Return a redirect to the sign-in page if the person must sign in. Otherwise return ``None``."""
        if not getattr(view_func, "login_required", True):
            # The health endpoints must answer without the database, even if a session cookie is sent.
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Return the response. Tell caches not to store a response that depends on the session."""
        if request.session.accessed and not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response
