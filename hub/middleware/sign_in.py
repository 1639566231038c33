"""Views are for people who are signed in, unless they are marked otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponseBase


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Django's default deny, which leaves sessions and database alone where a view is open to everyone."""

    async_capable = False

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Send strangers to the sign-in page."""
        if not getattr(view_func, "login_required", True):
            return None  # health must answer while the database is gone, whatever cookie comes with it
        return super().process_view(request, view_func, view_args, view_kwargs)
