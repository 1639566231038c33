"""CSRF protection that trusts the configured public URL."""

from __future__ import annotations

from collections import defaultdict
from urllib.parse import urlsplit

from django.middleware.csrf import CsrfViewMiddleware

from hub.runtime_config import get_config


class CsrfMiddleware(CsrfViewMiddleware):
    """Django's CSRF protection, which also accepts forms from the public URL."""

    # Without this, forms would be refused if a proxy changes the Host header.
    async_capable = False

    @property
    def csrf_trusted_origins_hosts(self) -> list[str]:
        """Return the hosts whose pages may post, in addition to the request's own host."""
        return [urlsplit(origin).netloc for origin in self.allowed_origins_exact]

    @property
    def allowed_origins_exact(self) -> set[str]:
        """Return the origins whose pages may post, in addition to the request's own origin."""
        public_url = get_config().public_url
        return {public_url} if public_url else set()

    @property
    def allowed_origin_subdomains(self) -> defaultdict[str, list[str]]:
        """Return an empty dictionary: the hub trusts no wildcard origins."""
        return defaultdict(list)
