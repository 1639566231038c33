"""CSRF protection that knows the configured public address."""

from __future__ import annotations

from collections import defaultdict
from urllib.parse import urlsplit

from django.middleware.csrf import CsrfViewMiddleware

from hub.runtime_config import get_config


class CsrfMiddleware(CsrfViewMiddleware):
    """Django's protection, trusting the public URL where a proxy changes the Host header."""

    async_capable = False

    @property
    def csrf_trusted_origins_hosts(self) -> list[str]:
        """Return the hosts whose pages may post, beside the request's own."""
        return [urlsplit(origin).netloc for origin in self.allowed_origins_exact]

    @property
    def allowed_origins_exact(self) -> set[str]:
        """Return the origins whose pages may post, beside the request's own."""
        public_url = get_config().public_url
        return {public_url} if public_url else set()

    @property
    def allowed_origin_subdomains(self) -> defaultdict[str, list[str]]:
        """Return nothing: no origin is trusted by pattern."""
        return defaultdict(list)
