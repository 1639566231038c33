"""CSRF protection that trusts the configured public URL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.middleware.csrf import CsrfViewMiddleware

from hub.middleware.storable import is_storable
from hub.responses import errors
from hub.runtime_config import get_config

METHODS = ("GET", "HEAD", "OPTIONS", "POST")
"""The HTTP methods that pages of the hub can support. A request with any other method gets a 405."""


class CsrfMiddleware(CsrfViewMiddleware):
    """Django's CSRF protection. This class also accepts forms from pages under the public URL."""

    # Without this, forms would be refused if a proxy changes the Host header.
    async_capable = False

    def process_view(  # type: ignore[override]  # Django's stubs do not allow for another response
        self,
        request: HttpRequest,
        callback: Callable[..., Any],
        callback_args: tuple[Any, ...],
        callback_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Refuse a request that no page can answer. Otherwise return ``None``.

        The status is 405 if no page supports the method, 403 for a forged form, and 400 if the database could
        not store a field of the form.
        """
        # Otherwise a request with such a method would be refused because it has no CSRF token.
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        refusal = super().process_view(request, callback, callback_args, callback_kwargs)
        # A view without CSRF protection reads the body itself.
        if refusal is None and request.method == "POST" and not getattr(callback, "csrf_exempt", False):
            return None if is_storable(request.POST) else errors.bad_request(request)
        return refusal

    @property
    def csrf_trusted_origins_hosts(self) -> list[str]:
        """Return the hosts, besides the request's own host, whose pages may post forms to the hub."""
        return [urlsplit(origin).netloc for origin in self.allowed_origins_exact]

    @property
    def allowed_origins_exact(self) -> set[str]:
        """Return the origins, besides the request's own origin, whose pages may post forms to the hub."""
        public_url = get_config().public_url
        return {public_url} if public_url else set()

    @property
    def allowed_origin_subdomains(self) -> defaultdict[str, list[str]]:
        """Return an empty dictionary, because the hub trusts no origins with a wildcard."""
        return defaultdict(list)
